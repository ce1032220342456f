//! Wires every room together; the only file that knows them all.
