// Loads the page anew when the app has been reloaded, or could not be.
const shown = document.body.dataset;
const gone = document.getElementById("gone");

async function look() {
  try {
    const answer = await fetch("dev/state.json", { cache: "no-store" });
    const { generation, failure } = await answer.json();
    gone.hidden = true;
    if (String(generation) !== shown.generation || failure !== shown.failure) {
      location.reload();
      return;
    }
  } catch {
    gone.hidden = false;
  }
  setTimeout(look, 1000);
}

setTimeout(look, 1000);
