-- wrk prints four percentiles; we want the tail and a picture.
function done(summary, latency, requests)
  for _, p in ipairs({ 1, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99 }) do
    io.write(string.format("PERCENTILE %g %d\n", p, latency:percentile(p)))
  end
  io.write(string.format("TOTAL %d %d %d\n", summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
