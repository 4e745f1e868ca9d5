// Questions for a class: whether each is done is decided from what is on the page.
const Worksheet = {
  // Each check gets the views of both networks, the pad, the sliders' values, what is being erased,
  // and the question's own controls; it gives [done, why].
  CHECKS: {
    certain({ a, pad }) {
      if (!pad.state.strokes.length) return [false, "Draw something of your own first."];
      const share = Math.max(...a.probabilities);
      return [share >= 0.9, `It is ${Paint.percent(share)} sure of ${a.network.classes[a.best]}.`];
    },
    flip({ a, changes }) {
      const moved = Object.entries(changes).filter(([, value]) => value);
      if (moved.length !== 1) return [false, moved.length ? "More than one slider is moved." : "Move one slider."];
      if (a.plainBest === undefined) return [false, "Wait for the curves to be drawn."];
      const { classes } = a.network;
      const [[name, value]] = moved;
      return a.best === a.plainBest ? [false, `It still predicts ${classes[a.best]}.`]
        : [true, `${classes[a.plainBest]} became ${classes[a.best]} by ${name}: ${Changes.ALL[name].text(value)}.`];
    },
    costs({ erase, answer }) {
      if (!erase || erase.steps.most < 3 || erase.steps.random < 3) return [false, "Erase three times what the map marks, and three times at random."];
      const given = answer.find(({ checked }) => checked)?.value;
      if (!given) return [false, "Choose an answer."];
      const [most, random] = ["most", "random"].map((kind) => erase.curves[kind][3][1]);
      const right = Math.abs(most - random) < 0.02 ? "same" : most < random ? "most" : "random";
      return [given === right, `${Paint.percent(most)} are left where the map marks, ${Paint.percent(random)} at random.`];
    },
    little({ erase }) {
      if (!erase?.gone.size) return [false, "Rub something out with the brush."];
      const gone = `${(100 * erase.brushGone).toFixed(1)} % erased`;
      if (erase.brushBest === erase.target) return [false, `${gone}, and it still predicts ${erase.name}.`];
      return [erase.brushGone <= 0.1, `${gone}, and it predicts ${erase.network.classes[erase.brushBest]}.`];
    },
    much({ erase }) {
      if (!erase?.gone.size) return [false, "Rub something out with the brush."];
      const done = erase.brushGone >= 0.6 && erase.brushLeft >= 0.8;
      return [done, `${Math.round(100 * erase.brushGone)} % erased, and ${erase.name} has ${Paint.percent(erase.brushLeft)}.`];
    },
    disagree({ a, b }) {
      if (!b.network || b.best < 0) return [false, "Open a second network."];
      const [one, other] = [a, b].map((view) => view.network.classes[view.best]);
      return [one !== other, `${a.cell.name} predicts ${one}, ${b.cell.name} predicts ${other}.`];
    },
    coarse({ a, answer }) {
      const { columns } = a.network.methods.find(({ name }) => name === "gradcam") ?? {};
      if (!columns) return [false, "Grad-CAM is not computed for this network."];
      if (!answer[0].value) return [false, "Enter a number."];
      const right = Number(answer[0].value) === columns;
      return [right, right ? `It has ${columns} columns, enlarged to ${a.network.input[1]}.` : "Look at the sizes in the list of layers."];
    },
  },
  make(page, state) {
    const list = page.find("tasks");
    const progress = page.find("tasks-done");
    for (const task of list.querySelectorAll("[data-task]")) {
      const result = task.querySelector(".task-result");
      task.querySelector("button").addEventListener("click", () => {
        const answer = [...task.querySelectorAll("input")];
        const current = state();
        const [done, why] = current.a.best < 0
          ? [false, "Open a network and put a picture on the pad first."]
          : Worksheet.CHECKS[task.dataset.task]({ ...current, answer });
        task.classList.toggle("done", done);
        result.textContent = `${done ? "✓ Done." : "Not yet."} ${why}`;
        const count = list.querySelectorAll(".done").length;
        progress.textContent = `${count} of ${list.children.length} done`;
        Page.say(`${result.textContent} ${progress.textContent}`);
      });
    }
  },
};
