"""How a check of the sources ends."""


def tell(faults, praise):
    """Prints the faults, or the praise where there are none; the exit code."""
    for fault in faults:
        print(fault)
    if not faults:
        print(praise)
    return 1 if faults else 0
