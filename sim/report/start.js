/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start.js - what happens when the page has been read. */
async function start() {
    startConsoles();
    unfoldForPrint();
    if (document.getElementById("data-head")) {
        readColours();
        const began = performance.now();
        await readRun();
        document.getElementById("tl").hidden = false;
        view.whole = wholeRun();
        [view.from, view.to] = view.whole;
        buildFilter();
        listen();
        applyFilter();
        run.loadMs = performance.now() - began;
    }
    if (location.hash.startsWith("#selftest"))
        await selftest();
    else if (location.hash.startsWith("#show:") && view.whole)
        showFromAddress(decodeURIComponent(location.hash.slice(6)));
}

/* "#show:message=17", "#show:from=4.3634s,to=4.3635s": an address for a moment or a message. */
function showFromAddress(text) {
    const words = new Map(text.split(",").map(part => part.split("=")));
    const from = parseTime(words.get("from") || ""), to = parseTime(words.get("to") || "");
    if (to > from)
        setView(from, to);
    if (words.has("message")) {
        const m = run.id.indexOf(Number(words.get("message")));
        if (m >= 0)
            showMessage(m);
    }
    document.getElementById("timeline").scrollIntoView();
}

start().catch(error => {
    const note = make("p", "The timeline cannot be drawn: " + error.message, "note");
    document.getElementById("timeline")?.append(note);
    if (location.hash.startsWith("#selftest"))
        report(["not ok the page starts: " + error.message]);
});
