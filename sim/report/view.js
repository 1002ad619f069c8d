/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view.js - which part of the run is in view, and how times are written.
 *
 * view.from and view.to are picoseconds (doubles). Nothing is in view closer than 20 ps from edge to edge.
 */
const GUTTER = 116, AXIS = 30, NARROWEST = 20;
const view = {from: 0, to: 1, width: 800, selected: -1, hover: -1};

function xOf(t) {
    return GUTTER + (t - view.from) / (view.to - view.from) * (view.width - GUTTER - 12);
}

function timeAt(x) {
    return view.from + (x - GUTTER) / (view.width - GUTTER - 12) * (view.to - view.from);
}

/* All that there is, with some air. */
function wholeRun() {
    let first = Infinity, last = 0;
    for (let i = 0; i < run.arrows; i++) {
        first = Math.min(first, run.at[run.arrowMessage[i]]);
        last = Math.max(last, run.arrowEnd[i]);
    }
    for (let i = 0; i < run.marks; i++) {
        first = Math.min(first, run.markAt[i]);
        last = Math.max(last, run.markAt[i]);
    }
    if (first > last)
        return [0, Math.max(run.last, 1000)];
    const air = Math.max((last - first) * 0.02, 1000);
    return [Math.max(0, first - air), last + air];
}

function setView(from, to) {
    const [first, last] = view.whole, most = last - first;
    let span = Math.min(Math.max(to - from, NARROWEST), most);
    if (to - from !== span)
        from = (from + to - span) / 2;
    from = Math.min(Math.max(from, first), last - span);
    view.from = from;
    view.to = from + span;
    changed();
}

function zoom(factor, around) {
    setView(around - (around - view.from) * factor, around + (view.to - around) * factor);
}

function pan(part) {
    const by = (view.to - view.from) * part;
    setView(view.from + by, view.to + by);
}

/* Brings a moment into view without a change of scale, if it is not there. */
function reveal(from, to) {
    const span = view.to - view.from;
    if (from < view.from || to > view.to)
        setView((from + to) / 2 - Math.max(span, (to - from) * 1.2) / 2, (from + to) / 2 + Math.max(span, (to - from) * 1.2) / 2);
}

/* ---- times as text, exact */

/* Seconds with 9 digits behind the point, 12 if they are needed. */
function secondsText(exact) {
    const ps = BigInt(exact), negative = ps < 0n, p = negative ? -ps : ps;
    const rest = (p % 1000000000000n).toString().padStart(12, "0");
    const digits = rest.endsWith("000") ? rest.slice(0, 9) : rest;
    return (negative ? "-" : "") + p / 1000000000000n + "." + digits;
}

/* "1.0976 us": a duration in whole picoseconds, every digit of it. */
function durationText(ps) {
    const value = BigInt(Math.round(Number(ps))), p = value < 0n ? -value : value;
    const [unit, size] = p >= 1000000000000n ? ["s", 12] : p >= 1000000000n ? ["ms", 9] : p >= 1000000n ? ["\u00b5s", 6]
        : p >= 1000n ? ["ns", 3] : ["ps", 0];
    const scale = 10n ** BigInt(size), rest = (p % scale).toString().padStart(size, "0").replace(/0+$/, "");
    return (value < 0n ? "-" : "") + p / scale + (size && rest ? "." + rest : "") + " " + unit;
}

/* "4.3634s", "10us", "3 ms", or a number of seconds; NaN if it is none. */
function parseTime(text) {
    const match = /^\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(s|ms|us|\u00b5s|ns|ps)?\s*$/.exec(text);
    if (!match)
        return NaN;
    return Number(match[1]) * {s: 1e12, ms: 1e9, us: 1e6, "\u00b5s": 1e6, ns: 1e3, ps: 1}[match[2] || "s"];
}

/* ---- the axis */

/* Whole numbers of picoseconds, a round step apart, as far as they are in view. */
function ticks() {
    const room = Math.max(2, Math.floor((view.width - GUTTER) / 130)), least = (view.to - view.from) / room;
    let step = 1;
    while (step < least)
        step *= String(step)[0] === "2" ? 2.5 : 2;
    const out = [];
    for (let t = BigInt(Math.ceil(view.from / step)) * BigInt(step); Number(t) <= view.to; t += BigInt(step))
        out.push(t);
    return {step, times: out};
}

/* As many digits as the step needs. */
function tickText(t, step) {
    const zeros = /0*$/.exec(String(step))[0].length, digits = Math.max(0, 12 - zeros);
    const rest = (t % 1000000000000n).toString().padStart(12, "0").slice(0, digits);
    return t / 1000000000000n + (digits ? "." + rest : "") + " s";
}
