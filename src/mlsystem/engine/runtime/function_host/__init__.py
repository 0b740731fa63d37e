"""The program that runs one version of a Lambda function: what invokes it on one side, its workers on the other.

It runs inside the function's sandbox on the engine's interpreter, standard library alone, and is imported there without the engine
around it. It outlives the engine: requests of an API come to its socket straight from the front door.
"""
