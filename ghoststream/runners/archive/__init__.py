"""Archives into stores: what is due, who does it, and what comes of it.

triage -> run -> crew of workers (analysis) -> gathering -> log (mirror) and store
                      |                           ^
                      +- parts of long videos ----+- recall of contents that are known
"""
