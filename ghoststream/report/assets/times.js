// Times and lengths, in words.

const two = (number) => String(number).padStart(2, "0");

function playerTime(seconds, decimals = 1) {
  const sign = seconds < 0 ? "−" : "";
  const scale = 10 ** decimals;
  const whole = Math.round(Math.abs(seconds) * scale);
  const rest = (whole % (60 * scale)) / scale;
  const minutes = Math.floor(whole / (60 * scale));
  const shown = rest.toFixed(decimals).padStart(decimals ? 3 + decimals : 2, "0");
  const hours = Math.floor(minutes / 60);
  return sign + (hours ? `${hours}:${two(minutes % 60)}:${shown}` : `${minutes}:${shown}`);
}

function wallTime(seconds, utc, decimals = 1) {
  const time = new Date(Math.round(seconds * 1000));
  if (Number.isNaN(time.getTime())) return `${seconds} s`;
  const part = (name) => time[`get${utc ? "UTC" : ""}${name}`]();
  const date = `${part("FullYear")}-${two(part("Month") + 1)}-${two(part("Date"))}`;
  const rest = `.${String(part("Milliseconds")).padStart(3, "0").slice(0, decimals)}`;
  return `${date} ${two(part("Hours"))}:${two(part("Minutes"))}:${two(part("Seconds"))}${decimals ? rest : ""}`;
}

const mainTime = (source, seconds) =>
  source.live ? wallTime(seconds, false) : playerTime(seconds - source.origin);
const ownClock = (source, seconds) =>
  source.live ? `${wallTime(seconds, true)} UTC` : `${seconds.toFixed(3)} s on its clock`;

function lengthText(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} days`;
}
