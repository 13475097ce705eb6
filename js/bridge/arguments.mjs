// What the binary is told besides what the user says.

// Whoever says one of these has said who may connect, or wants something else than to serve.
const speakForThemselves = ["--config", "--token-file", "--make-token", "--check", "--help", "-h",
  "--version"];

const localUpstream = "valkey://127.0.0.1:6379";

/** With --local, and the server of this machine, where nothing else is said. */
export const withLocalUse = (args) => {
  const says = (option) => args.some((each) => each === option || each.startsWith(`${option}=`));
  if (speakForThemselves.some(says)) return args;
  return [
    ...(says("--local") ? [] : ["--local"]),
    ...(says("--upstream") ? [] : ["--upstream", localUpstream]),
    ...args,
  ];
};
