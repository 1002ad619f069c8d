/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * units.c - numbers with units: times, rates, sizes. Exact integer arithmetic; nothing is rounded.
 *
 *   number  := digits [ "." digits ]
 *   value   := number [ " " ] unit
 *   time    :  ps ns us ms s min h
 *   rate    :  bit kbit Mbit Gbit Tbit   (per second, 1000-based, as in netem; "/s" may follow)
 *   size    :  B kB MB GB (1000-based)   KiB MiB GiB (1024-based)
 *   share   :  ppb ppm %   (in parts per billion)
 */
#include "sim/scenario_internal.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide_t;

static const struct scn_unit time_units[] = {
    {"ps", 1},      {"ns", VTIME_NS},      {"us", VTIME_US},      {"ms", VTIME_MS},
    {"s", VTIME_S}, {"min", 60 * VTIME_S}, {"h", 3600 * VTIME_S}, {NULL, 0},
};

static const struct scn_unit rate_units[] = {
    {"bit", 1}, {"kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000}, {"Tbit", 1000000000000}, {NULL, 0},
};

static const struct scn_unit size_units[] = {
    {"B", 1},         {"kB", 1000},       {"KiB", 1 << 10}, {"MB", 1000000},
    {"MiB", 1 << 20}, {"GB", 1000000000}, {"GiB", 1 << 30}, {NULL, 0},
};

static const struct scn_unit share_units[] = {{"ppb", 1}, {"ppm", 1000}, {"%", 10000000}, {NULL, 0}};

static const struct {
    const char *what, *example, *plural;
    const struct scn_unit *units;
    uint64_t limit;
} quantities[] = {
    [SCN_Q_TIME] = {"time", "5ms", "ps", time_units, VTIME_NEVER - 1},
    [SCN_Q_RATE] = {"rate", "10Gbit", "bits per second", rate_units, UINT64_MAX},
    [SCN_Q_SIZE] = {"size", "256MiB", "bytes", size_units, UINT64_MAX},
    [SCN_Q_SHARE] = {"share", "10%", "parts per billion", share_units, 1000000000},
};

const struct scn_unit *scn_units(enum scn_quantity q)
{
    return quantities[q].units;
}

/* The units as a list of words for scn_hint; returns how many. */
static size_t unit_words(enum scn_quantity q, const char *words[8])
{
    size_t n = 0;

    for (const struct scn_unit *u = scn_units(q); u->word; u++) {
        assert(n < 8);
        words[n++] = u->word;
    }
    return n;
}

static const struct scn_unit *find_unit(enum scn_quantity q, const char *word)
{
    size_t len = strlen(word);

    if (q == SCN_Q_RATE && len > 2 && strcmp(word + len - 2, "/s") == 0)
        len -= 2;
    for (const struct scn_unit *u = scn_units(q); u->word; u++)
        if (strlen(u->word) == len && memcmp(u->word, word, len) == 0)
            return u;
    return NULL;
}

static int bad_unit(enum scn_quantity q, const char *text, const char *unit, char *err, size_t size)
{
    const char *words[8];
    size_t n = unit_words(q, words);
    char list[128] = "";
    size_t used = 0;
    const char *like;

    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", words[i]);
    like = scn_suggest(unit, words, n);
    if (*unit == '\0')
        snprintf(err, size, "\"%.60s\" has no unit: a %s needs one of %s", text, quantities[q].what, list);
    else if (like)
        snprintf(err, size, "\"%.60s\" has an unknown unit (did you mean \"%s\"?); units of %s: %s", text,
                 like, quantities[q].what, list);
    else
        snprintf(err, size, "\"%.60s\" has an unknown unit; units of %s: %s", text, quantities[q].what, list);
    errno = EINVAL;
    return -1;
}

int scn_parse_quantity(enum scn_quantity q, const char *text, uint64_t *out, char *err, size_t size)
{
    const wide_t ceiling = (wide_t)UINT64_MAX * 1000; /* more than any value allowed */
    const char *p = text;
    wide_t whole = 0, fraction = 0, power = 1, value;
    const struct scn_unit *unit;

    for (; *p >= '0' && *p <= '9'; p++)
        whole = whole < ceiling ? whole * 10 + (unsigned)(*p - '0') : ceiling;
    if (p == text)
        goto no_number;
    if (*p == '.') {
        const char *digits = ++p, *end;

        while (*p >= '0' && *p <= '9')
            p++;
        if (p == digits)
            goto no_number;
        for (end = p; end > digits && end[-1] == '0';)
            end--; /* zeros at the end say nothing */
        if (end - digits > 15)
            goto too_fine;
        for (; digits < end; digits++) {
            fraction = fraction * 10 + (unsigned)(*digits - '0');
            power *= 10;
        }
    }
    if (p[0] == ' ' && p[1])
        p++;
    unit = find_unit(q, p);
    if (!unit)
        return bad_unit(q, text, p, err, size);
    /* whole <= 1.9e22 and unit <= 3.6e15, fraction < 1e15: both products fit into 128 bits */
    if (fraction * unit->value % power)
        goto too_fine;
    value = whole * unit->value + fraction * unit->value / power;
    if (value > quantities[q].limit) {
        snprintf(err, size, "\"%.60s\" is too large for a %s", text, quantities[q].what);
        errno = ERANGE;
        return -1;
    }
    *out = (uint64_t)value;
    return 0;

no_number:
    snprintf(err, size, "\"%.60s\" is not a %s: write a number and a unit, for example %s", text,
             quantities[q].what, quantities[q].example);
    errno = EINVAL;
    return -1;
too_fine:
    snprintf(err, size, "\"%.60s\" is not a whole number of %s", text, quantities[q].plural);
    errno = EINVAL;
    return -1;
}

const char *scn_spell(enum scn_quantity q, uint64_t value, char *buf, size_t size)
{
    const struct scn_unit *units = scn_units(q), *best = units;

    for (const struct scn_unit *u = units; u->word && value; u++) {
        /* minutes and hours only where they are shorter; 1000-based sizes never, 1MiB reads better than
         * 1048576B */
        if (q == SCN_Q_SIZE && u->word[1] == 'B' && u != units)
            continue;
        if (value % u->value == 0)
            best = u;
    }
    snprintf(buf, size, "%" PRIu64 "%s", value / best->value, best->word);
    return buf;
}

int scn_parse_time(const char *text, vtime_t *out, char *err, size_t size)
{
    uint64_t value;

    if (scn_parse_quantity(SCN_Q_TIME, text, &value, err, size))
        return -1;
    *out = (vtime_t)value;
    return 0;
}

int scn_parse_rate(const char *text, uint64_t *bits_per_second, char *err, size_t size)
{
    return scn_parse_quantity(SCN_Q_RATE, text, bits_per_second, err, size);
}

int scn_parse_size(const char *text, uint64_t *bytes, char *err, size_t size)
{
    return scn_parse_quantity(SCN_Q_SIZE, text, bytes, err, size);
}

const char *scn_format_time(vtime_t t, char *buf, size_t size)
{
    static const struct scn_unit units[] = {
        {"s", VTIME_S}, {"ms", VTIME_MS}, {"us", VTIME_US}, {"ns", VTIME_NS}};
    uint64_t value = t < 0 ? -(uint64_t)t : (uint64_t)t;
    const char *sign = t < 0 ? "-" : "";
    size_t i = 0;
    char fraction[32];
    size_t len;

    if (t >= VTIME_NEVER) {
        snprintf(buf, size, "never");
        return buf;
    }
    while (i < 4 && value < units[i].value)
        i++;
    if (i == 4 || value % units[i].value == 0) {
        snprintf(buf, size, "%s%" PRIu64 " %s", sign, i == 4 ? value : value / units[i].value,
                 value == 0 ? "s"
                 : i == 4   ? "ps"
                            : units[i].word);
        return buf;
    }
    /* the unit plus the remainder has as many digits as the unit has zeros, after a leading 1 */
    len = (size_t)snprintf(fraction, sizeof fraction, "%" PRIu64, units[i].value + value % units[i].value);
    while (fraction[len - 1] == '0')
        fraction[--len] = '\0';
    snprintf(buf, size, "%s%" PRIu64 ".%s %s", sign, value / units[i].value, fraction + 1, units[i].word);
    return buf;
}
