/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_internal.h - what the scenario's source files share; nobody else includes it.
 *
 *   text --scenario_yaml.c--> tree --scenario_parse.c--> struct scenario --scenario_dump.c--> text
 *                                   |-- scenario_value.c (values and objects, by the tables)
 *                                   |-- scenario_links.c (endpoints)
 *                                   |-- scenario_kinds.c, scenario_events.c (names), scenario_faults.c ..
 *                                   `-- scenario_check.c (rules between keys)
 *
 *   scenario_tables.c, scenario_tables_faults.c: the tables all of them, and scenario_schema.c and
 *   scenario_reference.c, are driven by
 *   scenario_diag.c: error messages;  units.c: numbers with units
 *
 * Memory: a scenario file is at most 1 MiB and its tree is bounded, so scn_alloc() and its kin do not fail in
 * practice; if they do, they abort with a message instead of returning NULL.
 */
#ifndef COB_SCENARIO_INTERNAL_H
#define COB_SCENARIO_INTERNAL_H

#include "sim/scenario.h"
#include <stdarg.h>

#define SCN_MAX_BYTES  (1u << 20) /* of a scenario file */
#define SCN_MAX_DEPTH  16         /* of nested mappings and lists */
#define SCN_MAX_VALUES 20000      /* scalars, mappings and lists in a file */
#define SCN_MAX_PAIRS  256        /* keys of one mapping */
#define SCN_MAX_ERRORS 50         /* reported in one go */
#define SCN_MAX_KEYS   40         /* of one table */

/* ---- scenario_diag.c ---- */

struct scn_report {
    size_t pos; /* byte offset into the text */
    char *message;
};

struct scn_diag {
    const char *path, *text;
    size_t len;
    size_t head, tail; /* bytes before and behind what the user wrote: lines and columns do not count them */
    struct scn_report reports[SCN_MAX_ERRORS];
    unsigned n_reports;
    unsigned n_errors; /* also counts those that no longer fit */
};

/* Notes an error at a byte offset. The same message at the same place is noted once. */
void scn_error(struct scn_diag *d, size_t pos, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same at a 1-based line and column, as libfyaml reports them. */
size_t scn_offset(const struct scn_diag *d, int line, int column);
/* Prints the noted errors in the order of the file: "file:line:column: error: message", the line, a caret.
 * Frees them. */
void scn_diag_flush(struct scn_diag *d, FILE *out);

/* The word most like `word`, or NULL if none is like it. */
const char *scn_suggest(const char *word, const char *const *words, size_t n_words);
/* " (did you mean \"x\"?)" or, without a likely one, "; <what>: a, b, c". Writes to buf and returns it. */
const char *scn_hint(char *buf, size_t size, const char *word, const char *const *words, size_t n_words,
                     const char *what);

void *scn_alloc(size_t size); /* zeroed */
void *scn_grow(void *array, size_t n, size_t *cap, size_t item);
char *scn_strdup(const char *text);
char *scn_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Length of the valid UTF-8 sequence at s, 0 if it is invalid. Stores the code point. */
size_t scn_utf8(const char *s, size_t len, uint32_t *cp);

/* ---- scenario_yaml.c, scenario_tree.c ---- */

enum scn_yaml_kind { SCN_SCALAR, SCN_LIST, SCN_MAP };

struct scn_yaml {
    enum scn_yaml_kind kind;
    bool plain; /* a scalar without quotes */
    size_t pos; /* where it starts */
    char *text; /* of a scalar; valid UTF-8 without NUL */
    struct scn_yaml **keys, **items;
    size_t n, cap_keys, cap_items;
    struct scn_yaml *next; /* of all, for freeing */
};

struct scn_tree {
    struct scn_yaml *root, *all;
};

/* Reads d->text. 0, or -1 with the reason noted in d (the tree must be freed in both cases). */
int scn_yaml_read(struct scn_tree *tree, struct scn_diag *d);
void scn_yaml_free(struct scn_tree *tree);
/* The value of a key, or NULL; *key_pos (may be NULL) is where the key stands. */
const struct scn_yaml *scn_yaml_get(const struct scn_yaml *map, const char *key, size_t *key_pos);
/* An unquoted scalar that YAML reads as nothing. */
bool scn_yaml_is_null(const struct scn_yaml *y);
/* "a mapping", "a list", "nothing", "a number", "a text" .. for messages. */
const char *scn_yaml_what(const struct scn_yaml *y);

/* ---- scenario_tables.c ---- */

enum scn_type {
    SCN_T_NAME,      /* char *: a name that is safe in file names; max: its length */
    SCN_T_TEXT,      /* char *: min..max bytes */
    SCN_T_LINE,      /* char *: the same without line breaks and other control characters */
    SCN_T_PATH,      /* char *: made absolute */
    SCN_T_PATTERNS,  /* char ** and a count: POSIX extended regular expressions, one or a list of at most max
                      */
    SCN_T_NAMES,     /* char ** and a count: names with asterisks, or (words) some of words */
    SCN_T_INT,       /* whole number min..max */
    SCN_T_NUMBERS,   /* uint32_t * and a count: such numbers, one or a list of at most scale */
    SCN_T_TIME,      /* ps, divided by scale */
    SCN_T_RATE,      /* bits per second */
    SCN_T_SIZE,      /* bytes, a multiple of scale (stored undivided) */
    SCN_T_SHARE,     /* parts per billion */
    SCN_T_FLAG,      /* bool: true or false */
    SCN_T_ADDRESS,   /* whole number, decimal or hexadecimal, or "random" (SCN_RANDOM_ADDRESS) */
    SCN_T_VALUE,     /* whole number min..max, decimal or hexadecimal */
    SCN_T_BYTES,     /* uint8_t * and a count: min..max bytes, in hexadecimal */
    SCN_T_WORD,      /* index into words */
    SCN_T_WORD_TEXT, /* char *: one of words */
    SCN_T_WORDS,     /* uint32_t, bit i: words[i]; one or a list */
    SCN_T_ENDPOINTS, /* two texts; read by scenario_links.c */
    SCN_T_SETS,      /* a list of at least min lists of names; read by scenario_faults.c */
    SCN_T_OBJECT,    /* a mapping with sub's keys, kept in the same struct; aux: it is all absent if it is not
                        given */
    SCN_T_DEFAULTS,  /* a mapping with those keys of sub that can be inherited */
    SCN_T_MAP,       /* min..max names, each with a mapping with sub's keys */
    SCN_T_LIST,      /* min..max mappings with sub's keys */
};

enum {
    SCN_F_REQUIRED = 1,  /* must be given (in the defaults, if it can be inherited) */
    SCN_F_INHERIT = 2,   /* may stand in the defaults */
    SCN_F_INPUT = 4,     /* used while reading and resolved away: not in the dump */
    SCN_F_INDEXED = 8,   /* {i} is replaced when the node has a count */
    SCN_F_ETHERNET = 16, /* only an Ethernet link or switch has it */
    SCN_F_FABRIC = 32,   /* only a link between adapters, or a fabric switch */
};

/* What kind of link or switch an object is; SCN_EITHER: not known (yet), or something else altogether. */
enum scn_net { SCN_EITHER, SCN_ETHERNET, SCN_FABRIC };

/* What takes the place of a key's own members in a fabric link or switch. */
struct scn_variant {
    uint64_t min, max;
    const char *def;
};

struct scn_key {
    const char *key;
    enum scn_type type;
    unsigned flags;
    size_t offset, size; /* of the member; size 0: none */
    size_t aux;          /* offset of a bool "is set" or of a count; 0: none */
    uint64_t min, max, scale;
    const char *def; /* as one writes it; NULL: none */
    const struct scn_variant *fabric;
    const char *const *words; /* NULL-terminated */
    const struct scn_table *sub;
    const char *why; /* sentence added when a value is below min */
    const char *help;
};

struct scn_table {
    const char *id;    /* in the schema: "node" */
    const char *title; /* in the reference */
    const char *help;
    bool may_be_empty; /* "name:" with nothing after it is an object with only defaults */
    const struct scn_key *keys;
    size_t n_keys;
};

extern const struct scn_table scn_table_root, scn_table_defaults, scn_table_node, scn_table_expect,
    scn_table_switch, scn_table_link, scn_table_topology, scn_table_load, scn_table_kind, scn_table_field,
    scn_table_fault, scn_table_match, scn_table_after, scn_table_trace, scn_table_explore, scn_table_check,
    scn_table_event, scn_table_input;
#define SCN_N_TABLES 18
extern const struct scn_table *const scn_tables[SCN_N_TABLES]; /* in the order of the reference */

const struct scn_key *scn_key_find(const struct scn_table *t, const char *key);
/* Whether such an object has the key. */
bool scn_key_belongs(const struct scn_key *k, enum scn_net net);
/* The key with range and default of such an object; SCN_EITHER: what any of them may have. */
struct scn_key scn_key_of(const struct scn_key *k, enum scn_net net);
uint64_t scn_key_load(const struct scn_key *k, const void *object);

#define SCN_NAME_PATTERN "[A-Za-z][A-Za-z0-9-]"
bool scn_name_ok(const char *name, size_t max_len);

/* ---- scenario_profiles.c ---- */

struct scn_profile_value {
    const char *key;    /* of a link; "switch latency": of the switches that a topology makes */
    const char *value;  /* as one writes it */
    const char *source; /* where the number comes from */
};

struct scn_profile {
    const char *name, *help;
    const struct scn_profile_value *values; /* ended by a NULL key */
};

extern const struct scn_profile scn_profiles[]; /* ended by a NULL name */
extern const char *const scn_profile_names[];   /* NULL-terminated */
#define SCN_DEFAULT_PROFILE "infiniband-fdr"
/* The profile's value for a key, NULL if it says nothing about it (or there is no such profile, or no name).
 */
const char *scn_profile_value(const char *profile, const char *key);

/* ---- units.c ---- */

struct scn_unit {
    const char *word;
    uint64_t value; /* in ps, bit/s, bytes, parts per billion */
};

enum scn_quantity { SCN_Q_TIME, SCN_Q_RATE, SCN_Q_SIZE, SCN_Q_SHARE };
#define SCN_N_QUANTITIES 4

/* Terminated by a NULL word, ascending. */
const struct scn_unit *scn_units(enum scn_quantity q);
/* "5ms": the shortest exact spelling that the parser reads back. Writes to buf and returns it. */
const char *scn_spell(enum scn_quantity q, uint64_t value, char *buf, size_t size);
int scn_parse_quantity(enum scn_quantity q, const char *text, uint64_t *out, char *err, size_t size);
/* The quantity of a table type. */
enum scn_quantity scn_type_quantity(enum scn_type type);

/* ---- scenario_value.c ---- */

enum scn_origin { SCN_ABSENT, SCN_INHERITED, SCN_OWN };

/* Where the values of one object stand, by index into its table. */
struct scn_where {
    size_t pos[SCN_MAX_KEYS];
    enum scn_origin origin[SCN_MAX_KEYS];
    bool bad[SCN_MAX_KEYS]; /* given, but wrong (reported) */
    struct scn_where *sub;  /* of the nested objects: one for each that the table has, in its order */
};

struct scn_reader {
    struct scn_diag *d;
    struct scenario *s;
    const char *dir;   /* absolute, of the scenario file */
    bool look_up;      /* whether files named must exist */
    FILE *diag;        /* for the errors of a second file */
    bool others_bad;   /* it had some */
    const char *index; /* replaces {i}; NULL outside of nodes with a count */
    const struct scn_yaml *node_defaults, *link_defaults; /* may be NULL */
    enum scn_net net;                                     /* kind of the link or switch being read */
    struct scn_tree *tree;
    const vtime_t *now; /* a fault for a run under way, which stands here; NULL: for one that has not begun */
};

/*
 * Reads an object: own values, else its own profile's, else inherited ones, else the inherited profile's,
 * else the table's defaults. own and inherited may be NULL.
 */
void scn_read_object(struct scn_reader *r, const struct scn_table *t, const struct scn_yaml *own,
                     const struct scn_yaml *inherited, void *object, struct scn_where *where);
/* Complains about keys that are not in the table (or, defaults: cannot be inherited). False if y is no
 * mapping. */
bool scn_read_keys(struct scn_reader *r, const struct scn_table *t, const struct scn_yaml *y, bool defaults);
/* A whole number in the key's range; false, with an error noted, when y is something else. */
bool scn_read_number(struct scn_reader *r, const struct scn_key *k, const struct scn_yaml *y, uint64_t *out);
/* Frees what the table's members own. */
void scn_free_object(const struct scn_table *t, void *object);
/* A text; false, with an error noted, when y is something else. */
bool scn_read_text(struct scn_reader *r, const char *key, const struct scn_yaml *y, const char **out);
size_t scn_where_key(const struct scn_table *t, const char *key);

/* ---- scenario_parse.c, scenario_names.c ---- */

/* The mapping (or list) that is the value of a key of the root; NULL if absent, or if it is something else.
 */
const struct scn_yaml *scn_section(struct scn_reader *r, const struct scn_yaml *root, const char *key);
/* The text of a file, at most one byte more than allowed; the caller frees. NULL errno, reported as "cannot
 * read the WHAT". */
char *scn_read_file(const char *path, const char *what, size_t *len, FILE *diag);
/* Adds what the scenario's file of names has, if it has one. 0, or -1 with the reasons on diag. */
int scn_read_names(struct scenario *s, FILE *diag);

/* ---- scenario_topology.c ---- */

/*
 * Adds to the tree what the topology stands for: a mapping of switches and a list of links (both may be
 * empty: errors are noted). The nodes have been read.
 */
void scn_expand_topology(struct scn_reader *r, const struct scn_yaml *y, struct scn_yaml **switches,
                         struct scn_yaml **links);

/* ---- scenario_faults.c ---- */

/* The sections of the root; either may be NULL. Nodes, switches and links have been read. */
/* y: the value of `trace`, or NULL. Nodes and links are known. */
void scn_read_trace(struct scn_reader *r, const struct scn_yaml *y);
void scn_free_trace(struct scenario *s);
bool scn_trace_is_default(const struct scenario *s);
/* scenario_input.c; y: the value of `input`, or NULL; after the links */
void scn_read_inputs(struct scn_reader *r, const struct scn_yaml *y);
void scn_free_inputs(struct scenario *s);
/* scenario_events.c; y: the value of `events`, or NULL */
void scn_read_events(struct scn_reader *r, const struct scn_yaml *y);
/* Frees the events from this position on. */
void scn_free_events(struct scenario *s, unsigned first);
/* scenario_kinds.c; the value of `kinds`, or NULL; before the faults */
void scn_read_kinds(struct scn_reader *r, const struct scn_yaml *kinds);
/* Frees the kinds from this position on. */
void scn_free_kinds(struct scenario *s, unsigned first);
/* The lines of `fields`, if the kind has any. */
void scn_put_fields(const struct scn_kind *k, FILE *out);
void scn_read_faults(struct scn_reader *r, const struct scn_yaml *faults);
/* Frees the faults from this position on. */
void scn_free_faults(struct scenario *s, unsigned first);

/* ---- scenario_links.c, scenario_check.c ---- */

int scn_find_node(const struct scenario *s, const char *name); /* its index; -1: there is none */
int scn_find_switch(const struct scenario *s, const char *name);
/* Lists of links, those of a topology first; either may be NULL. */
void scn_read_links(struct scn_reader *r, const struct scn_yaml *topology, const struct scn_yaml *list);
/* Rules between the keys of one object, and between objects. */
void scn_check_node(struct scn_reader *r, struct scn_node *n, const struct scn_where *where);
void scn_check_link(struct scn_reader *r, const struct scn_link *l, const struct scn_where *where,
                    size_t pos);
void scn_check_totals(struct scn_reader *r, size_t nodes_pos);
/* `load`, and nodes without guests; pos: of the load, where: of its keys. */
void scn_check_load(struct scn_reader *r, const struct scn_where *where, size_t pos);
/* `check`; the same. */
void scn_check_checks(struct scn_reader *r, const struct scn_where *where);
/* `explore`; the same. */
void scn_check_explore(struct scn_reader *r, const struct scn_where *where, size_t pos);
/* Whether a regular expression compiles, and is small enough to be compiled. 0, or -1 with a sentence in err.
 */
int scn_check_pattern(const char *pattern, char *err, size_t size);

#endif
