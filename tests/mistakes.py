"""Settings that people write by mistake, with a password in them.

BROKEN["not closed"]  # the text of a pipeline file
"""

from spellings import CREDENTIALS, SIGNING_SECRET, TOKEN

RAW = f"http://{CREDENTIALS}@127.0.0.1:9/live?token={TOKEN}"
IN_YAML = "'" + RAW.replace("'", "''") + "'"

BROKEN = {
    "not closed": f"cameras: [{RAW}",
    "not quoted": f"cameras:\n  - source: {RAW}\n  x",
    "tab": f"cameras:\n\t- {RAW}\n",
    "no settings": RAW,
    "a list": f"- {IN_YAML}\n",
    "as a key": f"{IN_YAML}: 1\n",
    "as a key of a camera": f"cameras:\n  - {IN_YAML}: 1\n",
    "commas in a camera": "cameras: [{name: a, source: 'http://h', walnussbaum, zwergmispel@h}]",
    "commas": "{source: http://u:p,walnussbaum,zwergmispel@h/x}",
    "alias": "source: *walnussbaum\n",
    "tag": "source: !walnussbaum'x 1\n",
    "escape": 'source: "walnussbaum\\zwergmispel"\n',
    "no slash": f"source: {IN_YAML.replace('://', ':/')}\n",
    "no colon": f"source: {IN_YAML.replace('://', '//')}\n",
    "no scheme": f"cameras: [{{source: {IN_YAML.replace('http://', '')}}}]\n",
    "unknown scheme": f"source: {IN_YAML.replace('http', 'rtmp')}\n",
    "as a name": f"cameras: [{{source: '0', name: {IN_YAML}}}]\n",
    "as a rate": f"cameras: [{{source: '0', fps: {IN_YAML}}}]\n",
    "as a region": f"source: '0'\nroi: {{{IN_YAML}: [0, 0, 2, 1]}}\n",
    "as a folder": f"source: '0'\nevidence: {IN_YAML}\n",
    "as weights": f"source: '0'\nweights: {IN_YAML}\n",
    "as a prefix": f"source: '0'\nmqtt: mqtt://h\nmqtt_prefix: {IN_YAML}\n",
    "broker with a path": f"source: '0'\nmqtt: {IN_YAML.replace('http', 'mqtt')}\n",
    "broker of another kind": f"source: '0'\nmqtt: {IN_YAML}\n",
    "webhook of another kind": f"source: '0'\nwebhook: {IN_YAML.replace('http', 'ftp')}\n",
    "secret that is no text": f"source: '0'\nwebhook_secret: [{SIGNING_SECRET}]\n",
    "secret that is no base64": (
        f"source: '0'\nwebhook: https://h\nwebhook_secret: whsec_{SIGNING_SECRET}\n"
    ),
}
"""What people write by mistake, with a password in it."""
MISTAKES_WHILE_IT_RUNS = ("not closed", "as a key of a camera", "commas", "no slash", "as a rate")
