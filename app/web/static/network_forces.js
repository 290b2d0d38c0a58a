// The forces at work: a worker computes, the page shows what it has come to, one picture after the other.

const AT_ONCE = [24, 400]; // milliseconds of computing between two pictures: the more, the longer this machine draws one
const CALM = 1000; // the same for readers who want no motion
const LONGEST = 60_000;

const still = matchMedia("(prefers-reduced-motion: reduce)");

// `show` gets the places as x, y, x, y ... and the number of rounds; `end` is called when the nodes have come to rest, or it was stopped.
export function forces({ show, end }) {
  let worker = null;
  let [began, shown] = [0, 0];

  function stop() {
    if (!worker) return;
    worker.terminate();
    worker = null;
    end();
  }

  function go() {
    const [least, most] = AT_ONCE;
    const half = (performance.now() - shown) / 2;
    shown = performance.now();
    worker?.postMessage({ go: still.matches ? CALM : Math.min(Math.max(half, least), most) });
  }

  function start(places, links, sizes) {
    stop();
    began = shown = performance.now();
    worker = new Worker(new URL("./network_worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("error", stop);
    worker.addEventListener("message", ({ data }) => requestAnimationFrame(() => {
      if (!worker) return;
      show(data.places, data.rounds);
      if (data.isAtRest || performance.now() - began > LONGEST) stop();
      else go();
    }));
    worker.postMessage({ begin: { places, links, sizes } });
    go();
  }

  return { start, stop, hold: (node, x, y) => worker?.postMessage({ hold: { node, x, y } }), isRunning: () => worker !== null };
}
