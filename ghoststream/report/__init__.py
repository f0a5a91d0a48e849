"""One self-contained page of what a run has found: from event logs to HTML that needs no network.

Logs are read once, in bounded memory, whatever their length: `reading` folds their lines into a
`SourceLog` each, `thumbnails` looks the best moments up, `document` decides what the page says, and
`page` writes it.
"""
