"""The part as it hangs: large displacements, stability, reading, and the window of its loads."""
