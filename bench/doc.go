// Command bench measures the figures of docs/benchmarks.md: the processor time of a
// request on servers that do the same work, side by side. It needs Linux and wrk.
//
//	go run . -o ../docs/benchmarks.md        the bars, a quarter of an hour
//	go run . -all -o ../docs/benchmarks.md   and all peers, latency and scale
//	go run . -only latency,scale             some parts, see parts
//	go run . -soak 10m -only soak            one load for a long time
//	go run . -short                          little of everything, for trying it; a minute
//
// All servers do the same: POST /api/v0/echo/read, parse the JSON object, add
// "server", answer with it. Every server is a process of its own on the first core;
// the load runs on the last one. Two servers are loaded at the same time, and the
// kernel reports their processor time: separate runs differ by more than the servers
// do. A server is also measured against itself, which must give 1. The parts that a
// run measures replace those of earlier runs, which are kept in a .json file beside
// the page.
package main
