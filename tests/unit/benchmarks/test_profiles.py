"""What profilers write is read right."""

from __future__ import annotations

from benchmarks.profiles import busiest, own_instructions, shares_of

CALLGRIND = """# callgrind format
positions: line
events: Ir
summary: 1000
ob=/usr/lib/libtrees.so
fl=trees.c
fn=predict
12 300
+3 20
fi=inlined.h
* 5
fe=trees.c
cob=/usr/lib/libc.so.6
cfi=copy.c
cfn=memcpy
calls=2 40
13 600
-1 7
ob=/usr/lib/libc.so.6
fl=copy.c
fn=memcpy
40 600
fn=free
41 68
totals: 1000
"""


def test_own_instructions_of_callgrinds_file_leave_out_what_callees_took() -> None:
    found = own_instructions(CALLGRIND.splitlines())
    assert found == {
        ("libtrees.so", "predict"): 332,
        ("libc.so.6", "memcpy"): 600,
        ("libc.so.6", "free"): 68,
    }
    assert found.total() == 1000


def test_a_functions_share_is_of_the_samples_where_it_was_innermost() -> None:
    written = "main (a.py:1);read (b.py:2) 6\nmain (a.py:1) 3\n 1\n"
    assert shares_of(written) == {"read (b.py:2)": 0.6, "main (a.py:1)": 0.3, "outside of Python": 0.1}
    assert shares_of("") == {}


def test_of_each_part_the_process_counts_that_has_used_most() -> None:
    before = {1: ("engine", 50.0, 5.0), 2: ("model server", 1.0, 1.0)}
    after = {1: ("engine", 50.5, 5.0), 2: ("model server", 1.5, 1.0), 3: ("model server", 1.0, 1.0)}
    assert busiest(before, after) == {"engine": 1, "model server": 3}
