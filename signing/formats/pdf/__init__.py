"""PDF (ISO 32000): PAdES seals made by pyHanko, evidence read with tolerance and without trust."""
