/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selftest.js - the page looks after itself: with #selftest in its address it compares its parts with each
 * other and writes what it found into the page, a line each ("ok ..", "not ok .."), for tests/e2e/report.
 */
function report(lines) {
    const pre = make("pre", lines.join("\n") + "\n");
    pre.id = "selftest-result";
    document.body.append(pre);
}

/* "from to kind" -> [count, min, median, p99, max], counted from the timeline's arrows. */
function latenciesOfArrows() {
    const groups = new Map();
    for (let a = 0; a < run.arrows; a++) {
        const m = run.arrowMessage[a];
        if (run.arrowState[a] !== DELIVERED || run.node[m] === run.lanes - 1)
            continue;
        const key = nodeName(run.node[m]) + " " + nodeName(run.arrowTo[a]) + " " + run.head.kinds[run.kind[m]];
        if (!groups.has(key))
            groups.set(key, []);
        groups.get(key).push(run.arrowEnd[a] - run.at[m]);
    }
    for (const [key, list] of groups) {
        list.sort((a, b) => a - b);
        groups.set(key, [list.length, list[0], list[(list.length - 1) >> 1], list[Math.ceil(list.length * 0.99) - 1], list[list.length - 1]]);
    }
    return groups;
}

function latenciesOfTable() {
    const groups = new Map();
    for (const tr of document.querySelectorAll("#latencies tbody tr")) {
        const cells = [...tr.children].map(td => td.textContent);
        groups.set(cells.slice(0, 3).join(" "), cells.slice(3).map(Number));
    }
    return groups;
}

/* Sent and dropped of each end of each link by the hops, and by the table. */
function linkCounts() {
    const sent = new Array(2 * run.head.links.length).fill(0), dropped = sent.slice();
    for (let h = 0; h < run.hopStep.length; h++) {
        if (run.hopStep[h] === SENT)
            sent[run.hopWhere[h]]++;
        else if (run.hopStep[h] === DROPPED)
            dropped[run.hopWhere[h]]++;
    }
    const rows = [...document.querySelectorAll("#link-ends tbody tr")].map(tr => [...tr.querySelectorAll("td")].map(td => Number(td.textContent)));
    return {hops: sent.map((n, i) => n + "/" + dropped[i]).join(" "), table: rows.map(r => r[1] + "/" + r[4]).join(" ")};
}

/* The messages that a search without any index finds in the view. */
function arrowsInViewSlowly() {
    let n = 0;
    for (const a of shown.arrows)
        n += run.arrowEnd[a] >= view.from && run.at[run.arrowMessage[a]] <= view.to;
    return n;
}

async function selftest() {
    const lines = [], check = (text, ok) => lines.push((ok ? "ok " : "not ok ") + text);
    check("no script but the page's own ran", window.hostile === undefined);
    check("no element came out of a guest's text", document.querySelectorAll("#consoles img, #consoles script, svg script, iframe").length === 0);
    if (view.whole) {
        testTimeline(lines, check);
        draw();
        writeStatus();
        lines.push("info load " + Math.round(run.loadMs) + " ms, redraw of " + drawn.count + " arrows " + drawn.ms.toFixed(1) + " ms, " +
                   run.n + " messages, " + document.documentElement.outerHTML.length + " characters");
    }
    report(lines);
}

function testTimeline(lines, check) {
    const whole = run.head.messages === run.head.allMessages;
    const arrows = latenciesOfArrows(), table = latenciesOfTable();
    check("messages are in the order of time", run.exact.every((t, i) => i === 0 || t >= run.exact[i - 1]));
    check("times as doubles are exact", run.exact.every((t, i) => BigInt(run.at[i]) === t));
    if (whole) {
        check("the latency table has the arrows' groups", arrows.size === table.size);
        for (const [key, numbers] of arrows)
            check("latencies " + key + ": " + numbers, String(table.get(key)) === String(numbers));
        const counts = linkCounts();
        check("links " + counts.hops, counts.hops === counts.table);
    }
    for (const part of [1, 0.1, 0.001, 1e-6]) {
        const [from, to] = view.whole, at = run.n ? run.at[run.n >> 1] : from;
        setView(at - (to - from) * part / 2, at + (to - from) * part / 2);
        const [first, end] = arrowsInView(), slowly = arrowsInViewSlowly();
        check("arrows in view at 1/" + 1 / part, end - first >= slowly && (part < 1 || end - first === slowly));
        draw();
    }
    if (run.n) {
        const m = run.n >> 1;
        showMessage(m);
        const text = document.getElementById("tl-details").textContent;
        check("a message tells its number", text.includes("#" + run.id[m]));
        check("and its way", text.includes(secondsText(run.exact[m])));
        check("its way is in the order of time", isSorted(run.hopAfter.subarray(run.hopsAt[m], run.hopsAt[m + 1])));
        showMessage(-1);
        const a = run.arrows >> 1, none = run.lanes - 1, node = run.arrowFrom[a] < none ? run.arrowFrom[a] : run.arrowTo[a];
        document.getElementById("f-node").value = node < none ? String(node) : "-1";
        document.getElementById("tl-filter").dispatchEvent(new Event("input"));
        check("the filter by node", shown.arrows.every(i => node === none || run.arrowFrom[i] === node || run.arrowTo[i] === node) && shown.arrows.length > 0);
        document.getElementById("f-node").value = "-1";
        document.getElementById("f-text").value = "#" + run.id[m] + " ";
        document.getElementById("tl-filter").dispatchEvent(new Event("input"));
        check("the filter by text", shown.arrows.length > 0 && shown.arrows.every(a => messageText(run.arrowMessage[a]).includes("#" + run.id[m])));
        document.getElementById("f-text").value = "";
        document.getElementById("tl-filter").dispatchEvent(new Event("input"));
    }
    commands["0"]();
    check("all in view", view.from === view.whole[0] && view.to === view.whole[1]);
    check("times are written exactly", secondsText(4363487045001n) === "4.363487045001" && secondsText(1000n) === "0.000000001" &&
          durationText(1097600) === "1.0976 \u00b5s" && durationText(999) === "999 ps");
    check("times are read", parseTime("4.5ms") === 4.5e9 && parseTime("2") === 2e12 && Number.isNaN(parseTime("2 parsecs")));
}

function isSorted(list) {
    return list.every((v, i) => i === 0 || v >= list[i - 1]);
}
