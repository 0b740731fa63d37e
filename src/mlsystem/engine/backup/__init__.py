"""Copies of a whole data folder: made while its engine works, and put back."""
