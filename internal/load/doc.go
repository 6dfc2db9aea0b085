// Package load puts a server under load by many clients, and counts the outcome of
// every request. The tests of restarts and make reliability measure with it.
//
//	running := load.Start(load.Load{Address: "127.0.0.1:8001", Clients: 200})
//	…
//	fmt.Println(running.Stop()) // ok 41237, refused 0, lost 0, other 0, closed 0, slowest 12ms
//
// It is strict: a request of which something was sent and that is not answered counts
// as lost, since a real client can't safely repeat a POST.
package load
