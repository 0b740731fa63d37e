"""Builds container images from Dockerfiles without Docker, and moves them to and from ECR.

The files that an image holds are made on this machine, by the few instructions that a container program for SageMaker needs; every
other instruction is refused by name. What comes out is an ordinary OCI image.
"""
