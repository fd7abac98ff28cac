/** One line for each command that calls a running gateway. */
export const CALL_SUMMARIES = {
  upload: 'Store files, whole folders of them, or what a URL leads to.',
  url: 'Print the delivery URL of an asset, transformed as you like.',
  list: 'List assets.',
  get: 'Print what is known of one asset.',
  update: 'Change the tags, context, metadata or moderation of an asset.',
  delete: 'Delete assets, once you have confirmed it.',
  'signed-url': 'Print a download link that expires.',
  sign: 'Sign the fields of an upload that somebody else sends to Cloudinary.',
  explain: 'Find out why a signature was refused.',
  environments: 'List the environments, and whether their credentials work.'
} as const
export type CallName = keyof typeof CALL_SUMMARIES

const CALL_LINES = Object.entries(CALL_SUMMARIES).map(
  ([name, text]) => `  ${name.padEnd(18)} ${text}\n`
).join('')

/** What `--help` prints. */
export const HELP = `Usage: cloudinary-gateway [command] [options]

Try
  cloudinary-gateway serve --port 9000
  cloudinary-gateway upload cat.jpg --public-id cats/tom
  cloudinary-gateway url cats/tom --width 300 --height 200 --crop fill
  cloudinary-gateway help upload

Calls to a running gateway (GATEWAY_URL, http://127.0.0.1:8080; with the key in GATEWAY_KEY)
${CALL_LINES}
Commands
  serve              Start the gateway. This is the default; it is configured by environment variables,
                     and these options win over them.
      --host <address>       Address to listen on (HOST, 127.0.0.1)
      --port <number>        Port to listen on (PORT, 8080)
      --route-prefix <path>  Path before every route (ROUTE_PREFIX)
      --log-level <level>    LOG_LEVEL
      --policy-file <file>   POLICY_FILE
      --cors-origins <list>  CORS_ORIGINS
      --metrics-port <number>
                             METRICS_PORT
      --sandbox <auto|on|off>, --sandbox-port <number>, --sandbox-data <folder>
                             The sandbox inside: SANDBOX, SANDBOX_PORT, SANDBOX_DATA
  sandbox            Start the offline Cloudinary alone, and print the CLOUDINARY_URL that points at it.
      --host <address>   Address to listen on (127.0.0.1)
      --port <number>    Port to listen on; 0 takes a free one (8081)
      --data <folder>    Where assets are kept (.sandbox/); :memory: keeps none
      --cloud <name:key:secret>
                         A cloud with its API key and secret (demo:1234:abcd); repeat it for more clouds.
      --key <key>        The same in three parts: --cloud <name>
      --secret <secret>  --key <key> --secret <secret>
      --allow-private-fetch
                         Let uploads by URL, and notifications, reach private addresses
      --allow-production Start although NODE_ENV is production: the sandbox is no place for real assets
      --allow-list       Serve /image/list/<tag>.json, which Cloudinary refuses by default
      --allow-pdf-zip    Deliver PDF and ZIP, which Cloudinary blocks by default
      --strict           New transformations need a signed URL
      --strict-urls      Answer with an http url and an https secure_url, as Cloudinary does, though only the
                         http one opens here
      --folder-mode <dynamic|fixed>
                         Whether folders are apart from public IDs (dynamic)
      --token-key <hex>  Key of delivery tokens (__cld_token__)
      --admin-rate-limit <number>
                         Admin API calls in an hour (100000)
      --public-url <url> Where others reach it, for the links in its answers
                         Without these, SANDBOX_HOST, SANDBOX_PORT, SANDBOX_DATA, SANDBOX_PUBLIC_URL and
                         SANDBOX_ALLOW_PRIVATE_FETCH count.
      --seed <number>    The same calls get the same random names
      --no-samples       Begin with nothing in it
      --coverage         Print what the sandbox can, and end
  health             Ask a running gateway on this machine whether it lives.
      --host, --port     Where it listens (HOST, PORT)
      --ready            Ask whether it can serve requests, and print what is wrong. Where keys are required,
                         set GATEWAY_KEY to see names and reasons
  openapi            Print the OpenAPI document.
      --json             As JSON, not as YAML
  help [command]     Print this, or the page of one call.
  key [name]         Make a key for a caller, and print it with its entry for GATEWAY_KEYS.

Options
  -h, --help         Print this
  -v, --version      Print the version

Exit codes
  0  ended as asked
  1  failed, was not well, or did not end within its grace
  2  command line or configuration not valid
  3  address, port, sandbox folder or an optional package unavailable
  4  no gateway answers
  130  interrupted by Ctrl-C
`
