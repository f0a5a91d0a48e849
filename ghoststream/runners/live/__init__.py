"""Watches cameras for days: connects, reconnects, names what they show, and tells of it.

cameras, reload     which cameras there are, now and after an edit
capture/            one connection, in a process of its own: packets to samples and clips
line, messages      between such a process and its parent
supervision/        the parent's side: states, processes, back-off
inbox               samples that wait for the network
analysis            one network for all; windows and events for each
outputs, evidence/  where results go
monitoring/         metrics and health
run, watch, check   all of it: for the command line, for programs, and to try settings
"""
