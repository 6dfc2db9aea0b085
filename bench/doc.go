// Command bench measures what docs/benchmarks.md says: how much of the
// processor a request takes on servers that do the same work, side by side. It
// is for Linux, and wants wrk.
//
//	go run . -o ../docs/benchmarks.md        what the bars are about, a quarter of an hour
//	go run . -all -o ../docs/benchmarks.md   and all peers, latency and scale
//	go run . -only latency,scale             some parts, see parts
//	go run . -soak 10m -only soak            the same load for long
//	go run . -short                          little of everything, for trying; a minute
//
// The work is one: POST /api/v0/echo/read, parse the JSON object, add "server",
// answer it. Every server is a process of its own on the first core, the load
// comes from the last one. Two servers are loaded at the same time and their
// processor time is read from the kernel, since two runs one after the other
// differ by more than what is to be seen; that a server differs from itself by
// nothing is measured too. The parts that a run measures replace those of
// earlier runs, which are kept in a file .json beside the page.
package main
