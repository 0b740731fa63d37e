"""A drill of the protection of production: known faults are deployed, and it is watched what becomes of them and of the traffic."""
