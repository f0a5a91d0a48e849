"""Pictures without labels to weights of a student.

unlabelled -> session -> run
              settings   what has to be the same after a break
              exam       held-out pictures, by which the student is judged
              reports    what is told on the way
"""
