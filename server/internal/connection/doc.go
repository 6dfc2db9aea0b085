// Package connection is one client's connection to the server: its buffer, its
// deadlines, TLS, the wait for the next request, and parking while it is idle.
// It does not know what the bytes mean.
//
// A server calls [Conn.Receive] to wait for a request, reads the rest of it with
// [Conn.Fill] and [Conn.Read], and answers with [Conn.Write]. One goroutine
// does all of that. Other goroutines may call [Conn.Interrupt] and [Conn.Cut],
// which end a connection.
//
// [Listener] accepts connections, and [Watcher] tells a running call that its
// client has gone away.
package connection
