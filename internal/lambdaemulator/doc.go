// Package lambdaemulator runs a function of AWS Lambda on this machine: its program, which
// asks Lambda's runtime API for events, in as many processes as there are calls at a time.
//
//	function := lambdaemulator.New(lambdaemulator.Settings{Name: "shop", Log: os.Stderr})
//	function.Use("./bootstrap")
//	lambdaemulator.NewHandler(function, gateway.HTTP).Server().Serve(listener)
//
// A [Handler] is Lambda's Invoke API, which AWS's command line and SDKs call with
// --endpoint-url, and a gateway in front of the function.
//
// # What is as in Lambda
//
// Instances are started when a call finds none that is idle, and are stopped by SIGSTOP
// between their calls. A call that takes longer than the time-out, a process that ends, and
// one that needs more memory than it may have fail their call with Lambda's errors, and the
// next call has a new instance. Bodies have Lambda's bounds.
//
// # What is not
//
// The processor is not divided by memory. There are no layers, no permissions and no
// retries of events. The memory is that of the process itself (VmHWM of Linux), looked at
// every 20 ms: one that grows faster may have more for so long. Other systems have no limit.
//
// The API is at https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
package lambdaemulator
