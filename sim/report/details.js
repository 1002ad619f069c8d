/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * details.js - words about what is drawn: the line below the canvas, the message that was picked with its way
 * and its bytes, the list of messages in view.
 *
 * All of it is made with textContent: what a guest wrote is never read as HTML.
 */
const LIST_MOST = 100;

function make(tag, text, className) {
    const element = document.createElement(tag);
    if (text !== undefined)
        element.textContent = text;
    if (className)
        element.className = className;
    return element;
}

function row(cells, tag) {
    const tr = make("tr");
    for (const [text, className] of cells)
        tr.append(make(tag || "td", text, className));
    return tr;
}

/* The last reception, counted from the sending; -1 if nobody got it. */
function latencyOf(m) {
    let latency = -1;
    for (let h = run.hopsAt[m]; h < run.hopsAt[m + 1]; h++)
        if (run.hopStep[h] === RECEIVED)
            latency = run.hopAfter[h];
    return latency;
}

function receivers(m) {
    const names = [];
    for (let h = run.hopsAt[m]; h < run.hopsAt[m + 1]; h++)
        if (run.hopStep[h] === RECEIVED)
            names.push(nodeName(run.hopWhere[h]));
    return names;
}

function targets(m) {
    const names = receivers(m);
    return names.length ? names.join(", ") : run.adapter[m] ? nodeName(run.to[m]) : "nobody";
}

function lossOf(m) {
    for (let h = run.hopsAt[m]; h < run.hopsAt[m + 1]; h++)
        if (run.hopStep[h] === DROPPED)
            return run.head.reasons[run.hopValue[h]] || "lost";
    return "";
}

function title(m) {
    return "#" + run.id[m] + " " + run.head.kinds[run.kind[m]] + " " + nodeName(run.node[m]) + " \u2192 " + targets(m);
}

function moreAbout(m) {
    return run.adapter[m] ? "queue " + run.queue[m] + ", epoch " + run.epoch[m] + ", message " + run.message[m] + ", psn " + run.psn[m] +
        ", offset " + run.offset[m] : "";
}

/* ---- the status line */

function writeStatus() {
    const part = drawn.count + (drawn.count === 1 ? " arrow" : " arrows") + " of " + run.arrows + " in view, " +
        durationText(Math.round(view.to - view.from)) + " wide";
    document.getElementById("tl-status").textContent = drawn.dense
        ? part + ". Too many to draw one by one: bars show how many each node sent (up, blue) and received (down, gold), at most " +
            drawn.most + " in a column. Zoom in for arrows."
        : part + ". Wheel or + and \u2212 zoom, drag or arrow keys move, a click tells all about a message.";
}

/* ---- the picked message */

const steps = {[QUEUED]: "queued", [SENT]: "first bit sent", [ARRIVED]: "last bit arrived", [DROPPED]: "DROPPED", [RECEIVED]: "received"};

function wayTable(m) {
    const table = make("table"), head = make("thead"), body = make("tbody");
    head.append(row([["at, s", "n"], ["after sending, ps", "n"], ["step", ""], ["where", ""], ["", ""]], "th"));
    body.append(row([[secondsText(run.exact[m]), "n"], ["0", "n"],
                     [run.node[m] < run.lanes - 1 ? "sent by the guest" : "seen first", ""], [nodeName(run.node[m]), ""], ["", ""]]));
    for (let h = run.hopsAt[m]; h < run.hopsAt[m + 1]; h++) {
        const step = run.hopStep[h], value = run.hopValue[h], bad = step === DROPPED ? "bad" : "";
        body.append(row([[secondsText(run.exact[m] + BigInt(run.hopAfter[h])), "n"], [String(run.hopAfter[h]), "n"],
                         [steps[step], bad], [step === RECEIVED ? nodeName(run.hopWhere[h]) : endName(run.hopWhere[h]), ""],
                         [step === DROPPED ? run.head.reasons[value] || "" : step === QUEUED || step === SENT
                             ? value + " bytes in the queue" : "", bad]]));
    }
    table.append(head, body);
    return table;
}

/* "0000  52 54 ..  |RT..|", 16 bytes a line. */
function hexText(bytes) {
    const lines = [];
    for (let at = 0; at < bytes.length; at += 16) {
        const part = [...bytes.subarray(at, at + 16)];
        lines.push(at.toString(16).padStart(4, "0") + "  " +
                   part.map((b, i) => b.toString(16).padStart(2, "0") + (i === 7 ? " " : "")).join(" ").padEnd(49) + "  " +
                   part.map(b => b >= 32 && b < 127 ? String.fromCharCode(b) : ".").join(""));
    }
    return lines.join("\n");
}

function bytesOf(m) {
    return run.payload.subarray(run.bytesAt[m], run.bytesAt[m + 1]);
}

function showMessage(m) {
    const box = document.getElementById("tl-details");
    box.textContent = "";
    view.selected = m;
    if (m < 0) {
        changed();
        return;
    }
    const latency = latencyOf(m), loss = lossOf(m), kept = run.kept[m];
    const heading = make("h3", title(m));
    const close = make("button", "\u00d7");
    close.type = "button";
    close.title = "close (Escape)";
    close.addEventListener("click", () => showMessage(-1));
    heading.append(close);
    box.append(heading);
    const facts = [run.len[m] + " bytes", moreAbout(m), latency >= 0 ? "latency " + durationText(latency) : "",
                   loss ? "dropped: " + loss : latency < 0 ? "not received before the trace ends" : ""];
    box.append(make("p", facts.filter(text => text).join("; ") + ".", loss ? "bad" : ""));
    const wide = make("div", undefined, "wide");
    wide.append(wayTable(m));
    box.append(wide);
    if (kept) {
        box.append(make("pre", hexText(bytesOf(m))));
        if (kept < run.len[m])
            box.append(make("p", "The first " + kept + " of " + run.len[m] +
                            " bytes. The capture has them all; cob report --bytes keeps more of each message here.", "note"));
    } else {
        box.append(make("p", "Its bytes are in no capture.", "note"));
    }
    const lastHop = run.hopsAt[m + 1] - 1;
    reveal(run.at[m], run.at[m] + (lastHop >= run.hopsAt[m] ? run.hopAfter[lastHop] : 0));
    changed();
}

/* The message before (-1) or after (+1) the picked one, of those shown; the first in view if none is. */
function step(direction) {
    const n = shown.arrows.length, messageAt = i => run.arrowMessage[shown.arrows[i]];
    let i;
    if (view.selected < 0)
        i = arrowsInView()[0];
    else if (direction > 0)
        i = firstIndex(n, k => messageAt(k) > view.selected);
    else
        i = firstIndex(n, k => messageAt(k) >= view.selected) - 1;
    if (i >= 0 && i < n)
        showMessage(messageAt(i));
}

/* ---- the list */

function writeList() {
    const list = document.getElementById("tl-list"), body = list.querySelector("tbody");
    if (!list.open)
        return;
    body.textContent = "";
    const [first, end] = arrowsInView();
    let before = -1, written = 0;
    for (let i = first; i < end && written < LIST_MOST; i++) {
        const m = run.arrowMessage[shown.arrows[i]], latency = latencyOf(m), loss = lossOf(m);
        if (m === before)
            continue;
        before = m;
        written++;
        const tr = row([[secondsText(run.exact[m]), "n"], ["", "n"], [run.head.kinds[run.kind[m]], ""], [nodeName(run.node[m]), ""],
                        [targets(m), ""], [String(run.len[m]), "n"], [latency >= 0 ? String(latency) : "", "n"],
                        [loss ? "dropped: " + loss : moreAbout(m), loss ? "bad" : ""]]);
        const button = make("button", "#" + run.id[m]);
        button.type = "button";
        button.addEventListener("click", () => showMessage(m));
        tr.children[1].append(button);
        body.append(tr);
    }
    if (end - first > written && written === LIST_MOST)
        body.append(row([["the first " + LIST_MOST + "; zoom in for others", ""]]));
}
