/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input.js - mouse, wheel, touch, keys: they move the view and pick messages. Drawing follows once a frame. */
let frameAsked = false, listTimer = 0;

/* Something that is drawn is different now. */
function changed() {
    if (frameAsked)
        return;
    frameAsked = true;
    requestAnimationFrame(() => {
        frameAsked = false;
        draw();
        writeStatus();
        clearTimeout(listTimer);
        listTimer = setTimeout(writeList, 150);
    });
}

/* ---- what is under the pointer */

function distance(px, py, x0, y0, x1, y1) {
    const dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
    const part = length ? Math.min(1, Math.max(0, ((px - x0) * dx + (py - y0) * dy) / length)) : 0;
    return Math.hypot(px - x0 - part * dx, py - y0 - part * dy);
}

function messageUnder(x, y) {
    const [first, end] = arrowsInView();
    let best = -1, nearest = 7;
    for (let i = first; i < end && !drawn.dense; i++) {
        const a = shown.arrows[i], d = distance(x, y, ...arrowLine(a));
        if (d < nearest) {
            nearest = d;
            best = run.arrowMessage[a];
        }
    }
    return best;
}

function markUnder(x, y) {
    const [first, end] = marksInView();
    let best = -1, nearest = 8;
    for (let i = first; i < end; i++) {
        const k = shown.marks[i], d = Math.hypot(xOf(run.markAt[k]) - x, markY(k) - y);
        if (d < nearest) {
            nearest = d;
            best = k;
        }
    }
    return best;
}

function showTip(x, y, text) {
    const tip = document.getElementById("tl-tip");
    tip.hidden = !text;
    tip.textContent = text;
    tip.style.left = Math.min(x + 14, view.width - tip.offsetWidth - 8) + "px";
    tip.style.top = y + 16 + "px";
}

function hover(x, y) {
    const k = markUnder(x, y), m = k >= 0 ? -1 : messageUnder(x, y);
    if (m !== view.hover) {
        view.hover = m;
        changed();
    }
    canvas.style.cursor = m >= 0 || k >= 0 ? "pointer" : "grab";
    const latency = m >= 0 ? latencyOf(m) : -1;
    showTip(x, y, k >= 0 ? secondsText(run.markExact[k]) + " s  " + laneName(run.markLane[k]) + "\n" + run.markText[k]
        : m >= 0 ? secondsText(run.exact[m]) + " s\n" + title(m) + ", " + run.len[m] + " bytes" +
            (latency >= 0 ? "\n" + durationText(latency) : "") + (lossOf(m) ? "\ndropped: " + lossOf(m) : "") : "");
}

function pick(x, y) {
    const k = markUnder(x, y), m = k >= 0 && run.markAbout[k] ? run.markAbout[k] - 1 : messageUnder(x, y);
    showMessage(m);
}

/* ---- pointers */

function listenToPointer() {
    let grabbed = null;
    canvas.addEventListener("pointerdown", event => {
        grabbed = {x: event.offsetX, from: view.from, to: view.to, moved: false};
        canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", event => {
        if (!grabbed) {
            hover(event.offsetX, event.offsetY);
            return;
        }
        const by = (grabbed.x - event.offsetX) / (view.width - GUTTER - 12) * (grabbed.to - grabbed.from);
        if (grabbed.moved || Math.abs(grabbed.x - event.offsetX) > 3) {
            grabbed.moved = true;
            showTip(0, 0, "");
            setView(grabbed.from + by, grabbed.to + by);
        }
    });
    canvas.addEventListener("pointerup", event => {
        if (grabbed && !grabbed.moved)
            pick(event.offsetX, event.offsetY);
        grabbed = null;
    });
    canvas.addEventListener("pointerleave", () => {
        view.hover = -1;
        showTip(0, 0, "");
        changed();
    });
    canvas.addEventListener("wheel", event => {
        event.preventDefault();
        if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
            pan((event.deltaX || event.deltaY) / 1000);
        else
            zoom(Math.exp(event.deltaY / 400), timeAt(Math.max(event.offsetX, GUTTER)));
    }, {passive: false});
    canvas.addEventListener("dblclick", event => zoom(0.25, timeAt(event.offsetX)));
}

function listenToOverview() {
    const go = event => {
        const [from, to] = view.whole, half = (view.to - view.from) / 2;
        const at = from + (event.offsetX - GUTTER) / (view.width - GUTTER - 12) * (to - from);
        setView(at - half, at + half);
    };
    overview.addEventListener("pointerdown", event => {
        overview.setPointerCapture(event.pointerId);
        go(event);
    });
    overview.addEventListener("pointermove", event => {
        if (event.buttons & 1)
            go(event);
    });
}

/* ---- keys and buttons */

const middle = () => (view.from + view.to) / 2;
const commands = {
    "+": () => zoom(0.5, middle()), "=": () => zoom(0.5, middle()), "-": () => zoom(2, middle()), "0": () => setView(...view.whole),
    ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), Home: () => setView(view.whole[0], view.whole[0] + view.to - view.from),
    End: () => setView(view.whole[1] - (view.to - view.from), view.whole[1]), n: () => step(1), p: () => step(-1),
    Escape: () => showMessage(-1),
};

function listenToKeys() {
    canvas.addEventListener("keydown", event => {
        const command = commands[event.key];
        if (!command || event.ctrlKey || event.metaKey || event.altKey)
            return;
        event.preventDefault();
        command();
    });
    for (const [id, key] of [["b-in", "+"], ["b-out", "-"], ["b-all", "0"], ["b-prev", "p"], ["b-next", "n"]])
        document.getElementById(id).addEventListener("click", commands[key]);
    document.getElementById("tl-list").addEventListener("toggle", writeList);
}

function listen() {
    listenToPointer();
    listenToOverview();
    listenToKeys();
    new ResizeObserver(() => changed()).observe(canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
        readColours();
        changed();
    });
}
