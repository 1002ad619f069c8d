/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_fuzz_gaps.c - tests/fuzz/fuzz_gaps.c with its seeds and changed ones; see fuzz_driver.c. */
extern const char fuzz_corpus[];
const char fuzz_corpus[] = "tests/corpus/gaps/*";
