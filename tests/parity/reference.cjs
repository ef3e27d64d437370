// Renders MJML with the reference implementation: JSON {name: mjml} in, {name: {html, errors}} out.
const mjml = require("mjml");
const sources = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = {};
for (const [name, source] of Object.entries(sources)) {
  try {
    const made = mjml(source, { validationLevel: "strict", fonts: {}, keepComments: true });
    answers[name] = { html: made.html, errors: made.errors.map(error => error.formattedMessage) };
  } catch (error) {
    const errors = (error.errors || [error]).map(each => each.formattedMessage || String(each));
    answers[name] = { html: "", errors };
  }
}
process.stdout.write(JSON.stringify(answers));
