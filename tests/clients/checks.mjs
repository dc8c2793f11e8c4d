// Runs checks one after the other and prints a line for each, which `run` counts.

let failed = 0;

export async function check(name, body) {
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}`);
    console.error(error);
  }
  process.exitCode = failed === 0 ? 0 : 1;
}
