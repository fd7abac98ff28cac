-- What wrk sends, and what it says at the end: as JSON, with every answer that was no success.
wrk.method = os.getenv('LOAD_METHOD')
wrk.body = os.getenv('LOAD_BODY')

function done (summary)
  local errors = summary.errors
  io.write(string.format('{"answers":%d,"refused":%d,"failed":%d}\n', summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
