"""The tests of s2c."""
