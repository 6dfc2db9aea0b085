// Package load asks a server all the time, as a crowd of clients does, and
// counts what became of every request: what the tests of restarts and the
// programs of make reliability measure with.
//
//	running := load.Start(load.Load{Address: "127.0.0.1:8001", Clients: 200})
//	…
//	fmt.Println(running.Stop()) // ok 41237, refused 0, lost 0, other 0, closed 0, slowest 12ms
//
// It is strict: a client is never forgiven what a real one could not repeat
// safely, a POST that it has sent.
package load
