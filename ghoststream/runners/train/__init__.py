"""Labelled clips to a head in a file, and how well it does.

store -> features -> candidates -> head           run: all of it
                     (attention)    ^
                                    +- finetuning (window_pictures)

evaluation -> evaluation_files                    of a head that is there
"""
