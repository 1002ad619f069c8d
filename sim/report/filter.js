/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.js - which arrows and marks are shown: by node, kind, queue, text, time, fate.
 *
 * shown.arrows is the list of arrows that pass, in the order of time, and latestEnd goes with it; shown.marks
 * the list of marks. They are made anew when a filter changes; a view then finds its part by binary search.
 */
const filter = {node: -1, queue: -1, words: [], from: -Infinity, to: Infinity, lost: false,
                kinds: new Set(), events: new Set()};
const shown = {arrows: new Uint32Array(0), latestEnd: new Float64Array(0), marks: new Uint32Array(0)};

/* What the text filter looks at. */
function messageText(m) {
    let text = "#" + run.id[m] + " " + run.head.kinds[run.kind[m]] + " " + nodeName(run.node[m]) + " " + run.len[m] + " bytes";
    if (run.adapter[m])
        text += " q" + run.queue[m] + " " + nodeName(run.to[m]) + " message " + run.message[m] + " psn " + run.psn[m];
    return text;
}

function hasWords(text) {
    const lower = text.toLowerCase();
    return filter.words.every(word => lower.includes(word));
}

function passesMessage(m) {
    return filter.kinds.has(run.kind[m]) && run.at[m] >= filter.from && run.at[m] < filter.to &&
        (filter.queue < 0 || (run.adapter[m] && run.queue[m] === filter.queue)) &&
        (filter.words.length === 0 || hasWords(messageText(m)));
}

function passesArrow(a) {
    return (filter.node < 0 || run.arrowFrom[a] === filter.node || run.arrowTo[a] === filter.node) &&
        (!filter.lost || run.arrowState[a] === LOST) && passesMessage(run.arrowMessage[a]);
}

function passesMark(k) {
    return filter.events.has(run.markEvent[k]) && run.markAt[k] >= filter.from && run.markAt[k] < filter.to &&
        (filter.node < 0 || run.markLane[k] === filter.node || run.markLane[k] === run.lanes - 1) &&
        (filter.words.length === 0 || hasWords(run.markText[k]));
}

function applyFilter() {
    const arrows = new Uint32Array(run.arrows), marks = [];
    let n = 0, latest = -Infinity;
    for (let a = 0; a < run.arrows; a++)
        if (passesArrow(a))
            arrows[n++] = a;
    shown.arrows = arrows.subarray(0, n);
    shown.latestEnd = new Float64Array(n);
    for (let i = 0; i < n; i++)
        shown.latestEnd[i] = latest = Math.max(latest, run.arrowEnd[arrows[i]]);
    for (let k = 0; k < run.marks; k++)
        if (passesMark(k))
            marks.push(k);
    shown.marks = Uint32Array.from(marks);
    changed(true);
}

/* The first i in [0, n) for which test(i) is true; n if none. test is false, then true. */
function firstIndex(n, test) {
    let low = 0, high = n;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (test(middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* [first, end) of the shown arrows that may reach into the view. */
function arrowsInView() {
    const n = shown.arrows.length;
    return [firstIndex(n, i => shown.latestEnd[i] >= view.from),
            firstIndex(n, i => run.at[run.arrowMessage[shown.arrows[i]]] > view.to)];
}

function marksInView() {
    const n = shown.marks.length;
    return [firstIndex(n, i => run.markAt[shown.marks[i]] >= view.from),
            firstIndex(n, i => run.markAt[shown.marks[i]] > view.to)];
}

/* ---- the form and the legend */

function readForm() {
    const value = id => document.getElementById(id).value.trim();
    const queue = parseInt(value("f-queue"), 10), from = parseTime(value("f-from")), to = parseTime(value("f-to"));
    filter.node = Number(document.getElementById("f-node").value);
    filter.queue = Number.isNaN(queue) ? -1 : queue;
    filter.words = value("f-text").toLowerCase().split(/\s+/).filter(word => word);
    filter.from = Number.isNaN(from) ? -Infinity : from;
    filter.to = Number.isNaN(to) ? Infinity : to;
    filter.lost = document.getElementById("f-lost").checked;
    for (const [id, time] of [["f-from", from], ["f-to", to]])
        document.getElementById(id).setAttribute("aria-invalid", value(id) !== "" && Number.isNaN(time));
    applyFilter();
}

/* A switch for a kind or a class of events: its sign, its name, how many there are. */
function chip(set, index, name, count, sign, colour) {
    const label = document.createElement("label"), box = document.createElement("input");
    const mark = document.createElement("span");
    label.className = "chip";
    box.type = "checkbox";
    box.checked = name !== "grant"; /* there are very many, and they are of the simulation, not of the rack */
    mark.className = "sign";
    mark.textContent = sign;
    mark.style.color = colour;
    box.addEventListener("change", () => {
        if (box.checked)
            set.add(index);
        else
            set.delete(index);
        applyFilter();
    });
    if (box.checked)
        set.add(index);
    label.append(box, mark, " " + name + " ", Object.assign(document.createElement("small"), {textContent: count}));
    return label;
}

function tally(values, n) {
    const count = new Map();
    for (let i = 0; i < n; i++)
        count.set(values[i], (count.get(values[i]) || 0) + 1);
    return [...count].sort((a, b) => a[0] - b[0]);
}

function buildFilter() {
    const select = document.getElementById("f-node"), legend = document.getElementById("tl-legend");
    select.append(new Option("all", "-1"));
    run.head.nodes.forEach((name, i) => select.append(new Option(name, String(i))));
    for (const [kind, count] of tally(run.kind, run.n))
        legend.append(chip(filter.kinds, kind, run.head.kinds[kind], count, kindStyle(kind).dash.length ? "\u2504\u2192" : "\u2192",
                           kindStyle(kind).colour));
    for (const [event, count] of tally(run.markEvent, run.marks))
        legend.append(chip(filter.events, event, run.head.events[event].replace(/_/g, " "), count, markSign(event).sign,
                           markSign(event).colour));
    const form = document.getElementById("tl-filter");
    form.addEventListener("input", readForm);
    form.addEventListener("submit", event => event.preventDefault());
}
