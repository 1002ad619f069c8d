/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_fuzz_fault_entry.c - tests/fuzz/fuzz_fault_entry.c with its seeds and changed ones; see fuzz_driver.c.
 */
extern const char fuzz_corpus[];
const char fuzz_corpus[] = "tests/corpus/fault-entry/*";
