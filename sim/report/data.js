/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * data.js - the timeline's data, unpacked from the page (the other side is sim/report_data.c).
 *
 * `run` has the names and one typed array for each column. Times are kept twice: exact, as whole picoseconds
 * in a BigInt64Array, for whoever writes them down; and as doubles, for whoever draws. The times of hops are
 * counted from their message's own, in exact whole picoseconds.
 */
const run = {};

/* States of an arrow. */
const DELIVERED = 0, LOST = 1, UNDER_WAY = 2;
/* Steps of a message's way: enum rep_step. */
const QUEUED = 0, SENT = 1, ARRIVED = 2, DROPPED = 3, RECEIVED = 4;

async function unpack(id) {
    const text = atob(document.getElementById(id).textContent);
    const packed = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++)
        packed[i] = text.charCodeAt(i);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* A reader of numbers in LEB128 at bytes[at..]. */
function numbers(bytes, at) {
    return function () {
        let value = 0, factor = 1, byte, start = at;
        do {
            byte = bytes[at++];
            value += (byte & 127) * factor;
            factor *= 128;
        } while (byte > 127);
        if (value <= Number.MAX_SAFE_INTEGER)
            return value;
        value = 0n;
        for (let i = at - 1; i >= start; i--)
            value = value << 7n | BigInt(bytes[i] & 127);
        return value;
    };
}

function unzigzag(v) {
    if (typeof v === "bigint")
        return v & 1n ? -(v + 1n) / 2n : v / 2n;
    return v % 2 ? -(v + 1) / 2 : v / 2;
}

/* Where each column begins. */
function columnStarts(head) {
    const starts = {};
    let at = 0;
    for (const [name, length] of head.columns) {
        starts[name] = at;
        at += length;
    }
    return starts;
}

function plain(bytes, at, n, Type) {
    const next = numbers(bytes, at), out = new Type(n);
    for (let i = 0; i < n; i++)
        out[i] = Number(next());
    return out;
}

function changes(bytes, at, n, Type) {
    const next = numbers(bytes, at), out = new Type(n);
    let value = 0;
    for (let i = 0; i < n; i++)
        out[i] = value += Number(unzigzag(next()));
    return out;
}

function exactTimes(bytes, at, n) {
    const next = numbers(bytes, at), out = new BigInt64Array(n);
    let value = 0n;
    for (let i = 0; i < n; i++)
        out[i] = value += BigInt(unzigzag(next()));
    return out;
}

function readMessages(head, bytes, starts) {
    const n = run.n = head.messages;
    run.id = changes(bytes, starts["m.id"], n, Float64Array);
    run.exact = exactTimes(bytes, starts["m.at"], n);
    run.at = Float64Array.from(run.exact, Number);
    for (const [name, Type] of [["node", Uint8Array], ["to", Uint8Array], ["nic", Uint8Array], ["kind", Uint16Array],
                                ["adapter", Uint8Array], ["queue", Uint32Array], ["offset", Uint32Array],
                                ["len", Uint32Array], ["kept", Uint32Array]])
        run[name] = plain(bytes, starts["m." + name], n, Type);
    run.message = changes(bytes, starts["m.message"], n, Uint32Array);
    run.epoch = changes(bytes, starts["m.epoch"], n, Uint32Array);
    run.psn = changes(bytes, starts["m.psn"], n, Uint32Array);
    run.bytesAt = new Uint32Array(n + 1);
    for (let i = 0; i < n; i++)
        run.bytesAt[i + 1] = run.bytesAt[i] + run.kept[i];
}

function readHops(head, bytes, starts) {
    const count = plain(bytes, starts["m.hops"], run.n, Uint32Array), h = head.hops;
    const next = numbers(bytes, starts["h.after"]);
    run.hopsAt = new Uint32Array(run.n + 1);
    run.hopAfter = new Float64Array(h);
    for (let i = 0, k = 0; i < run.n; i++) {
        let after = 0;
        for (const end = k + count[i]; k < end; k++)
            run.hopAfter[k] = after += Number(unzigzag(next()));
        run.hopsAt[i + 1] = k;
    }
    run.hopStep = plain(bytes, starts["h.step"], h, Uint8Array);
    run.hopWhere = plain(bytes, starts["h.where"], h, Uint32Array);
    run.hopValue = plain(bytes, starts["h.value"], h, Uint32Array);
}

function readMarks(head, bytes, starts, texts) {
    const n = run.marks = head.marks;
    run.markExact = exactTimes(bytes, starts["k.at"], n);
    run.markAt = Float64Array.from(run.markExact, Number);
    run.markLane = plain(bytes, starts["k.lane"], n, Uint8Array);
    run.markEvent = plain(bytes, starts["k.event"], n, Uint8Array);
    run.markAbout = plain(bytes, starts["k.about"], n, Uint32Array);
    run.markText = new TextDecoder().decode(texts).split("\0");
    run.faultMarks = [...run.markEvent.keys()].filter(k => isFault(run.markEvent[k]));
}

/*
 * What is drawn of messages: an arrow for each delivery, a broken one for each drop, a dotted one for what
 * was under way when the trace ends. Arrows are in the order of their beginnings; latestEnd[i] is the latest
 * end of the arrows up to i, so that binary search finds the first that reaches into a view.
 */
function makeArrows() {
    const message = [], from = [], to = [], state = [], end = [];
    const add = (m, target, s, after) => {
        message.push(m);
        from.push(run.node[m]);
        to.push(target);
        state.push(s);
        end.push(run.at[m] + after);
    };
    for (let m = 0; m < run.n; m++) {
        const first = run.hopsAt[m], last = run.hopsAt[m + 1];
        let ends = 0;
        for (let h = first; h < last; h++)
            if (run.hopStep[h] === RECEIVED || run.hopStep[h] === DROPPED) {
                const lost = run.hopStep[h] === DROPPED;
                add(m, lost ? run.to[m] : run.hopWhere[h], lost ? LOST : DELIVERED, run.hopAfter[h]);
                ends++;
            }
        if (ends === 0)
            add(m, run.to[m], UNDER_WAY, last > first ? run.hopAfter[last - 1] : 0);
    }
    run.arrows = message.length;
    run.arrowMessage = Uint32Array.from(message);
    run.arrowFrom = Uint8Array.from(from);
    run.arrowTo = Uint8Array.from(to);
    run.arrowState = Uint8Array.from(state);
    run.arrowEnd = Float64Array.from(end);
}

async function readRun() {
    const head = JSON.parse(new TextDecoder().decode(await unpack("data-head")));
    const [bytes, texts, payload] = await Promise.all(["data-columns", "data-texts", "data-bytes"].map(unpack));
    const starts = columnStarts(head);
    run.head = head;
    run.lanes = head.nodes.length + 1; /* the last one is the fabric's */
    run.last = Number(head.last);
    run.payload = payload;
    readMessages(head, bytes, starts);
    readHops(head, bytes, starts);
    readMarks(head, bytes, starts, texts);
    makeArrows();
}

function nodeName(i) {
    return i < run.head.nodes.length ? run.head.nodes[i] : "?";
}

function laneName(i) {
    return i < run.head.nodes.length ? run.head.nodes[i] : "fabric";
}

/* "alpha eth0" or "sw0", the end of a link; or the link's own name and number when the scenario is unknown. */
function endName(where) {
    const name = run.head.links[where >> 1] || "?", end = run.head.ends[where];
    return end ? name + ", at " + end : name + "." + (where & 1);
}
