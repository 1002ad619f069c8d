/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * consoles.js - search in all consoles at once. A line that was found leads to its moment in the timeline.
 *
 * The lines are read out of the page's text; those that are found are shown as text.
 */
const FOUND_MOST = 200;

/* "[    1.234567890] text" -> the time in ps, and the text; null if the line is none of these. */
function consoleLine(line) {
    const match = /^\[ *([0-9]+)\.([0-9]{9})\] ?(.*)$/.exec(line);
    return match && {at: Number(BigInt(match[1]) * 1000000000000n + BigInt(match[2]) * 1000n), text: match[3]};
}

function searchConsoles(wanted) {
    const found = [], needle = wanted.toLowerCase();
    let count = 0;
    for (const pre of document.querySelectorAll("#consoles pre"))
        for (const text of pre.textContent.split("\n")) {
            if (!text.toLowerCase().includes(needle))
                continue;
            const line = consoleLine(text);
            if (line && ++count)
                found.push({node: pre.dataset.node, ...line});
        }
    found.sort((a, b) => a.at - b.at);
    return {found: found.slice(0, FOUND_MOST), count};
}

function showFound(wanted) {
    const list = document.getElementById("search-found"), output = document.getElementById("search-count");
    list.textContent = "";
    output.textContent = "";
    if (!wanted)
        return;
    const {found, count} = searchConsoles(wanted);
    output.textContent = count + (count === 1 ? " line" : " lines") + (count > FOUND_MOST ? ", the first " + FOUND_MOST + " of them:" : "");
    for (const line of found) {
        const item = make("li"), when = make("button", (line.at / 1e12).toFixed(9));
        when.type = "button";
        when.title = "show this moment in the timeline";
        when.disabled = !view.whole;
        when.addEventListener("click", () => {
            const half = Math.min(view.to - view.from, 1e9) / 2;
            setView(line.at - half, line.at + half);
            document.getElementById("timeline").scrollIntoView();
        });
        item.append(when, make("b", line.node), make("span", line.text));
        list.append(item);
    }
}

function startConsoles() {
    const box = document.getElementById("search");
    if (!box)
        return;
    let timer = 0;
    box.hidden = false;
    document.getElementById("search-text").addEventListener("input", event => {
        clearTimeout(timer);
        timer = setTimeout(() => showFound(event.target.value), 120);
    });
}

/* On paper nothing can be unfolded: all of it is, while it is printed. */
function unfoldForPrint() {
    let closed = [];
    addEventListener("beforeprint", () => {
        closed = [...document.querySelectorAll("details:not([open])")];
        closed.forEach(details => details.open = true);
    });
    addEventListener("afterprint", () => closed.forEach(details => details.open = false));
}
