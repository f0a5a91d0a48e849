"""Tables of what can be looked through; queries join them, so they are in one place.

`events` and `videos` are copies of what stores and cameras tell, and can be made again; `verdicts`
is what people said, and cannot.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    head TEXT NOT NULL,
    place TEXT NOT NULL,
    video TEXT,
    source TEXT NOT NULL,
    region TEXT,
    own_id TEXT NOT NULL,
    label TEXT NOT NULL,
    score REAL NOT NULL,
    top_score REAL NOT NULL,
    start_time REAL NOT NULL,
    end_time REAL,
    verdict TEXT NOT NULL DEFAULT 'none',
    corrected_label TEXT,
    shown_label TEXT GENERATED ALWAYS AS (coalesce(corrected_label, label)) STORED,
    position INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS events_position ON events (position, number);
CREATE INDEX IF NOT EXISTS events_label ON events (shown_label, position, number, kind, head);
CREATE INDEX IF NOT EXISTS events_source ON events (source, position, number);
CREATE INDEX IF NOT EXISTS events_verdict ON events (verdict, position, number);
CREATE INDEX IF NOT EXISTS events_video ON events (video, head, start_time);

CREATE TABLE IF NOT EXISTS verdicts (
    event TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    label TEXT NOT NULL,
    start_time REAL NOT NULL,
    end_time REAL,
    verdict TEXT NOT NULL,
    corrected_label TEXT,
    said_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS verdicts_place ON verdicts (kind, place);

CREATE TABLE IF NOT EXISTS going_on (
    event TEXT PRIMARY KEY,
    frame_time REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS evidence (
    source TEXT NOT NULL,
    own_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    start_time REAL NOT NULL,
    end_time REAL NOT NULL,
    is_whole INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    PRIMARY KEY (source, own_id, kind)
);

CREATE TABLE IF NOT EXISTS videos (
    video TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    generation INTEGER NOT NULL,
    source TEXT NOT NULL,
    path BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    content_sha256 TEXT,
    status TEXT NOT NULL,
    error TEXT,
    start_seconds REAL,
    duration_seconds REAL,
    clips INTEGER NOT NULL,
    events INTEGER NOT NULL,
    codec TEXT,
    container TEXT,
    is_playable INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS videos_source ON videos (source, video);

CREATE TABLE IF NOT EXISTS shown (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
"""`place` is where a verdict holds: the content of a video by its hash, or a camera. `head` is
empty for what the store or the camera itself told. `going_on` are events of cameras without an end,
and when they were last seen. `position` sorts: cameras' events newest first,
then those of archives as they were told."""
