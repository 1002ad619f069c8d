/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draw.js - the canvas: lanes, arrows, marks; or, when arrows would lie closer than can be told apart, how
 * dense they are. What was lost and what faults did is drawn in either case, in red, with a cross of its own.
 *
 * Nothing here changes what is in view. draw() is called once for each frame of the screen at most.
 */
const ARROWS_MOST = 3000; /* more than these in view are drawn as density */
const canvas = document.getElementById("tl-canvas"), overview = document.getElementById("tl-overview");
const colours = {};
let drawn = {dense: false, count: 0, ms: 0};

/* Colours come from the style sheet, which knows of dark and light. */
function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "soft", "line", "bad", "card", "blue", "sky", "green", "purple", "gold", "brown", "grey"])
        colours[name] = style.getPropertyValue("--" + name).trim();
}

const kindStyles = {
    arp: ["gold", []], icmp: ["purple", []], udp: ["sky", []], tcp: ["blue", []], ip: ["grey", []], ipv6: ["green", []],
    frame: ["grey", []], send: ["blue", []], datagram: ["sky", []], read: ["green", []], write: ["purple", []],
    atomic: ["gold", []], probe: ["brown", []], ack: ["grey", [5, 3]], nak: ["brown", [5, 3]], "read-data": ["green", [5, 3]],
    "atomic-old": ["gold", [5, 3]],
};

function kindStyle(kind) {
    const named = ["purple", "green", "gold", "sky", "brown"][kind % 5]; /* kinds of the scenario */
    const [colour, dash] = kindStyles[run.head.kinds[kind]] || [named, [8, 2, 2, 2]];
    return {colour: colours[colour], dash};
}

const markSigns = {
    node_state: ["\u2691", "ink"], console_line: ["\u2758", "grey"], guest_event: ["\u25c6", "purple"], fault: ["\u25b2", "bad"], node_fault: ["\u25b2", "bad"],
    doorbell: ["\u25c7", "blue"], message: ["\u25cb", "blue"], dma: ["\u25ab", "brown"], completion: ["\u25c8", "green"],
    interrupt: ["\u21af", "gold"], grant: ["\u2758", "grey"],
    link_up: ["\u25b4", "green"], link_training: ["\u25b5", "grey"], adapter_train: ["\u25b5", "grey"],
};

function isFault(event) {
    return /^(node_)?fault$/.test(run.head.events[event]);
}

function markSign(event) {
    const [sign, colour] = markSigns[run.head.events[event]] || ["\u25aa", "brown"];
    return {sign, colour: colours[colour]};
}

function laneHeight() {
    return run.lanes <= 4 ? 84 : run.lanes <= 9 ? 58 : run.lanes <= 17 ? 44 : run.lanes <= 33 ? 30 : 24;
}

function yOf(lane) {
    return AXIS + 22 + lane * laneHeight();
}

/* Sizes a canvas for the screen's pixels; returns its context, scaled to CSS pixels. */
function fit(element, width, height) {
    const ratio = window.devicePixelRatio || 1;
    if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
        element.width = Math.round(width * ratio);
        element.height = Math.round(height * ratio);
        element.style.height = height + "px";
    }
    const c = element.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    c.font = "12px system-ui, sans-serif";
    return c;
}

function drawAxis(c, height) {
    const {step, times} = ticks();
    c.fillStyle = colours.soft;
    c.strokeStyle = colours.line;
    c.lineWidth = 1;
    c.textAlign = "center";
    c.beginPath();
    for (const t of times) {
        const x = Math.round(xOf(Number(t))) + 0.5;
        c.moveTo(x, AXIS - 8);
        c.lineTo(x, height);
        const text = tickText(t, step), half = c.measureText(text).width / 2;
        c.fillText(text, Math.min(Math.max(x, GUTTER + half), view.width - half - 2), AXIS - 13);
    }
    c.stroke();
}

function drawLanes(c) {
    c.textAlign = "right";
    for (let lane = 0; lane < run.lanes; lane++) {
        const y = Math.round(yOf(lane)) + 0.5;
        c.strokeStyle = colours.soft;
        c.setLineDash(lane === run.lanes - 1 ? [2, 4] : []);
        c.beginPath();
        c.moveTo(GUTTER, y);
        c.lineTo(view.width, y);
        c.stroke();
        c.setLineDash([]);
        c.fillStyle = lane === run.lanes - 1 ? colours.soft : colours.ink;
        c.font = (lane === filter.node ? "bold " : "") + "13px system-ui, sans-serif";
        let name = laneName(lane);
        while (name.length > 3 && c.measureText(name).width > GUTTER - 14)
            name = name.slice(0, -2) + "\u2026";
        c.fillText(name, GUTTER - 10, y + 4);
    }
    c.font = "12px system-ui, sans-serif";
}

/* ---- arrows */

/* Where an arrow begins and ends on the canvas. What has no other end goes a little way off its lane. */
function arrowLine(a) {
    const m = run.arrowMessage[a], none = run.lanes - 1;
    let from = run.arrowFrom[a], to = run.arrowTo[a], y0 = yOf(from), y1 = yOf(to);
    if (from === none)
        y0 = y1 - laneHeight() * 0.35;
    if (to === none)
        y1 = y0 + laneHeight() * (from + 1 < none ? 0.45 : -0.45);
    else if (run.arrowState[a] !== DELIVERED)
        y1 = y0 + (y1 - y0) * 0.5;
    return [xOf(run.at[m]), y0, xOf(run.arrowEnd[a]), y1];
}

function head(c, x0, y0, x1, y1) {
    const angle = Math.atan2(y1 - y0, x1 - x0);
    c.moveTo(x1 - 7 * Math.cos(angle - 0.4), y1 - 7 * Math.sin(angle - 0.4));
    c.lineTo(x1, y1);
    c.lineTo(x1 - 7 * Math.cos(angle + 0.4), y1 - 7 * Math.sin(angle + 0.4));
}

function cross(c, x, y, size) {
    c.moveTo(x - size, y - size);
    c.lineTo(x + size, y + size);
    c.moveTo(x - size, y + size);
    c.lineTo(x + size, y - size);
}

function drawArrows(c, first, end) {
    const groups = new Map(), few = end - first < 1200;
    for (let i = first; i < end; i++) {
        const a = shown.arrows[i], state = run.arrowState[a];
        const key = state === DELIVERED ? run.kind[run.arrowMessage[a]] : -state;
        if (!groups.has(key))
            groups.set(key, []);
        groups.get(key).push(a);
    }
    c.lineWidth = few ? 1.4 : 1;
    for (const [key, list] of [...groups].sort((a, b) => b[0] - a[0])) {
        const lost = key === -LOST, style = key >= 0 ? kindStyle(key) : {colour: lost ? colours.bad : colours.soft, dash: [2, 3]};
        c.strokeStyle = style.colour;
        c.globalAlpha = lost ? 1 : few ? 0.9 : 0.55;
        c.setLineDash(few ? style.dash : []);
        c.beginPath();
        for (const a of list) {
            const [x0, y0, x1, y1] = arrowLine(a);
            c.moveTo(x0, y0);
            c.lineTo(x1, y1);
        }
        c.stroke();
        c.setLineDash([]);
        c.beginPath();
        for (const a of list) {
            const [x0, y0, x1, y1] = arrowLine(a);
            if (lost)
                cross(c, x1, y1, 4);
            else if (few && key >= 0)
                head(c, x0, y0, x1, y1);
        }
        c.lineWidth = lost ? 2 : c.lineWidth;
        c.stroke();
        c.lineWidth = few ? 1.4 : 1;
    }
    c.globalAlpha = 1;
}

/* ---- density: what each lane sent (up) and received (down) in each column of pixels, on a log scale */

function densities(list, first, end, columns, from, to, lanes) {
    const sent = new Uint32Array(lanes * columns), got = new Uint32Array(lanes * columns), lost = new Map();
    const scale = columns / (to - from);
    for (let i = first; i < end; i++) {
        const a = list[i];
        const x0 = Math.floor((run.at[run.arrowMessage[a]] - from) * scale), x1 = Math.floor((run.arrowEnd[a] - from) * scale);
        const up = lanes === 1 ? 0 : run.arrowFrom[a], down = lanes === 1 ? 0 : run.arrowTo[a];
        if (x0 >= 0 && x0 < columns)
            sent[up * columns + x0]++;
        if (run.arrowState[a] === LOST)
            lost.set(up * columns + Math.min(Math.max(x1, 0), columns - 1), up);
        else if (x1 >= 0 && x1 < columns)
            got[down * columns + x1]++;
    }
    return {sent, got, lost};
}

function drawDensity(c, first, end) {
    const columns = Math.floor(view.width - GUTTER - 12), room = laneHeight() * 0.44;
    const {sent, got, lost} = densities(shown.arrows, first, end, columns, view.from, view.to, run.lanes);
    let most = 1;
    for (let i = 0; i < sent.length; i++)
        most = Math.max(most, sent[i], got[i]);
    const unit = room / Math.log2(1 + most);
    for (const [counts, colour, sign] of [[sent, colours.blue, -1], [got, colours.gold, 1]]) {
        c.fillStyle = colour;
        for (let lane = 0; lane < run.lanes; lane++) {
            const y = yOf(lane);
            for (let x = 0; x < columns; x++) {
                const n = counts[lane * columns + x];
                if (n) {
                    const h = Math.log2(1 + n) * unit;
                    c.fillRect(GUTTER + x, sign < 0 ? y - h : y + 1, 1, h);
                }
            }
        }
    }
    c.strokeStyle = colours.bad;
    c.lineWidth = 1.6;
    c.beginPath();
    for (const [key, lane] of lost)
        cross(c, GUTTER + key % columns, yOf(lane) - room - 1, 3);
    c.stroke();
    return most;
}

/* ---- marks */

function markY(k) {
    const y = yOf(run.markLane[k]), name = run.head.events[run.markEvent[k]];
    return name === "console_line" ? y + 7 : name === "node_state" ? y - 4 : y;
}

/* Text that can be read on whatever is below it. */
function halo(c, text, x, y) {
    c.strokeStyle = colours.card;
    c.lineWidth = 4;
    c.lineJoin = "round";
    c.strokeText(text, x, y);
    c.fillText(text, x, y);
}

function drawMarks(c, first, end) {
    const taken = new Set(), few = end - first < 60;
    c.textAlign = "center";
    for (let i = first; i < end; i++) {
        const k = shown.marks[i], x = Math.round(xOf(run.markAt[k])), event = run.markEvent[k];
        const key = (x * 64 + run.markLane[k]) * 256 + event;
        if (taken.has(key))
            continue;
        taken.add(key);
        const {sign, colour} = markSign(event), name = run.head.events[event];
        c.fillStyle = colour;
        if (name === "console_line") {
            c.fillRect(x, yOf(run.markLane[k]) + 3, 1, 7);
            continue;
        }
        if (isFault(event) || /killed|panic|reset|crashed/.test(name === "node_state" ? run.markText[k] : ""))
            c.fillStyle = colours.bad;
        c.font = "15px system-ui, sans-serif";
        c.fillText(sign, x, markY(k) + (name === "node_state" ? 0 : 5));
        if (few && name === "node_state") {
            c.font = "11px system-ui, sans-serif";
            c.textAlign = x > view.width - 130 ? "right" : "left";
            halo(c, run.markText[k].replace(/^state /, ""), x + (c.textAlign === "left" ? 9 : -9), markY(k) - 4);
            c.textAlign = "center";
        }
    }
    c.font = "12px system-ui, sans-serif";
}

/* A fault that lasts is a shaded stretch from its "begin" to its "end" (or to the end of the run). */
function drawFaultSpans(c, height) {
    const open = new Map();
    const shade = (from, to) => {
        const x0 = Math.max(xOf(from), GUTTER), x1 = Math.min(xOf(to), view.width);
        if (x1 > x0)
            c.fillRect(x0, AXIS - 4, x1 - x0, height);
    };
    c.fillStyle = colours.bad;
    c.globalAlpha = 0.07;
    for (const k of run.faultMarks) {
        if (!filter.events.has(run.markEvent[k]))
            continue;
        const [, name, phase] = /(\S+) (begin|end|hit)\b/.exec(run.markText[k]) || [];
        if (phase === "begin")
            open.set(name, run.markAt[k]);
        else if (phase === "end" && open.has(name)) {
            shade(open.get(name), run.markAt[k]);
            open.delete(name);
        }
    }
    for (const from of open.values())
        shade(from, view.whole[1]);
    c.globalAlpha = 1;
}

/* ---- the message that was picked: its arrows, bold, with a dot for each step of its way */

function drawPicked(c, m, width) {
    c.strokeStyle = colours.ink;
    c.fillStyle = colours.ink;
    c.lineWidth = width;
    const a0 = firstIndex(run.arrows, a => run.arrowMessage[a] >= m);
    for (let a = a0; a < run.arrows && run.arrowMessage[a] === m; a++) {
        const [x0, y0, x1, y1] = arrowLine(a);
        c.strokeStyle = run.arrowState[a] === LOST ? colours.bad : colours.ink;
        c.beginPath();
        c.moveTo(x0, y0);
        c.lineTo(x1, y1);
        head(c, x0, y0, x1, y1);
        c.stroke();
        const span = run.arrowEnd[a] - run.at[m];
        for (let h = run.hopsAt[m]; width > 2 && span > 0 && h < run.hopsAt[m + 1]; h++) {
            const part = run.hopAfter[h] / span;
            if (run.hopStep[h] === RECEIVED || part > 1)
                continue;
            c.beginPath();
            c.arc(x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, 2.6, 0, 7);
            c.fill();
        }
    }
}

/* ---- the overview: all of the run, and what part of it is in view */

let overviewOf = {}; /* what was counted for it last */

function drawOverview() {
    const height = 44, c = fit(overview, view.width, height), columns = Math.floor(view.width - GUTTER - 12);
    const [from, to] = view.whole, scale = columns / (to - from);
    if (overviewOf.arrows !== shown.arrows || overviewOf.columns !== columns)
        overviewOf = {arrows: shown.arrows, columns, ...densities(shown.arrows, 0, shown.arrows.length, columns, from, to, 1)};
    const {sent, lost} = overviewOf;
    const most = sent.reduce((a, b) => Math.max(a, b), 1);
    c.fillStyle = colours.line;
    c.fillRect(GUTTER, height - 9, columns, 1);
    c.fillStyle = colours.blue;
    for (let x = 0; x < columns; x++)
        if (sent[x]) {
            const h = Math.max(1.5, Math.log2(1 + sent[x]) / Math.log2(1 + most) * (height - 16));
            c.fillRect(GUTTER + x, height - 9 - h, 1, h);
        }
    c.fillStyle = colours.bad;
    for (const x of lost.keys())
        c.fillRect(GUTTER + x, height - 8, 1.5, 6);
    const x0 = GUTTER + (view.from - from) * scale, x1 = GUTTER + (view.to - from) * scale;
    c.fillStyle = colours.ink;
    c.globalAlpha = 0.1;
    c.fillRect(x0, 2, Math.max(x1 - x0, 2), height - 4);
    c.globalAlpha = 1;
    c.strokeStyle = colours.ink;
    c.lineWidth = 1;
    c.strokeRect(x0, 2, Math.max(x1 - x0, 2), height - 4);
    c.fillStyle = colours.soft;
    c.textAlign = "right";
    c.fillText("whole run", GUTTER - 10, height / 2 + 4);
}

function draw() {
    const started = performance.now();
    view.width = Math.max(320, canvas.parentElement.clientWidth);
    const height = yOf(run.lanes - 1) + 30, c = fit(canvas, view.width, height);
    const [first, end] = arrowsInView(), [firstMark, endMark] = marksInView();
    drawAxis(c, height);
    drawFaultSpans(c, height);
    drawLanes(c);
    c.save();
    c.beginPath();
    c.rect(GUTTER - 1, 0, view.width, height);
    c.clip();
    drawn = {dense: end - first > ARROWS_MOST, count: end - first, most: 0, marks: endMark - firstMark};
    if (drawn.dense)
        drawn.most = drawDensity(c, first, end);
    else
        drawArrows(c, first, end);
    drawMarks(c, firstMark, endMark);
    if (view.selected >= 0)
        drawPicked(c, view.selected, 3);
    if (view.hover >= 0 && view.hover !== view.selected)
        drawPicked(c, view.hover, 2);
    c.restore();
    drawOverview();
    drawn.ms = performance.now() - started;
}
