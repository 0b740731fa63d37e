"""Typed use cases over boto3, shared by the command line and the console.

Nothing here knows where the API is: on AWS or on this machine.
"""
