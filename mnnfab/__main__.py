"""`python -m mnnfab`."""

from mnnfab.cli import main

if __name__ == "__main__":
    main(prog_name="mnnfab")
