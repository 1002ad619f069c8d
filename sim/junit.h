/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * junit.h - result.xml: the run as a test suite in the JUnit XML that CI systems read.
 *
 *   <testsuites><testsuite name="pair" tests="3" failures="1" errors="0" skipped="0" time="12.3">
 *     <properties><property name="hash" value=".."/>..</properties>
 *     <testcase classname="pair.alpha" name="exit status 0" time="7.849190237"/>
 *     <testcase classname="pair.beta" name="console: ^ok$" time="7.85031574">
 *       <failure message="no line matches">..</failure></testcase>
 *     <testcase classname="pair" name="the fabric's books balance" time="7.85031574"/>
 *   </testsuite></testsuites>
 *
 * A suite's time is wall-clock seconds; a case's is the virtual time at which its node ended. A run that was
 * interrupted, ran out of time or has no result is an <error>. Made from result.json alone.
 */
#ifndef COB_JUNIT_H
#define COB_JUNIT_H

#include <stddef.h>

/* Writes <run>/result.xml. 0, or -1 errno with path and reason in why[size]. */
int junit_write(const char *run, char *why, size_t size);

#endif
