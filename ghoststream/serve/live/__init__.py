"""Cameras on the page: watched in a process of their own, which never waits for who looks on.

settings    which cameras, from the settings of the page
life        the process that watches them: a live run, and what it tells
outbox      what it has to say, until the page takes it
messages    what the two tell each other
process     the page's side of that process
camera      what is shown of one
previews    newest pictures, and who looks at them
cameras     all of it, kept running
running     while the page is up
routes      the addresses
"""
