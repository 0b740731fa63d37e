"""The program that sends the records of a batch transform job to the model's container and puts its answers together.

It runs under a shim of its own on the engine's interpreter, standard library alone, and is imported there without the engine around it.
So a job goes on while the engine is dead.
"""
