"""iJw and iWmo 3.2: the national messages between municipality and provider, from a drop folder."""
