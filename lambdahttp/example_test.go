package lambdahttp_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/apiphant/apiphant/lambdahttp"
)

func ExampleClient() {
	os.Setenv("AWS_ENDPOINT_URL_LAMBDA", endpoint) // of AWS, where it is not set
	defer os.Unsetenv("AWS_ENDPOINT_URL_LAMBDA")

	client := lambdahttp.Client()
	response, err := client.Get("http+lambda://flaskexp-test/test/foo")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Println(response.Status, string(body), err)
	// Output: 200 OK GET /test/foo <nil>
}

func ExampleTransport() {
	client := &http.Client{Transport: &lambdahttp.Transport{Region: "eu-central-1", Endpoint: endpoint}}
	_, err := client.Get("http+lambda://prod.nobody/")
	var failure *lambdahttp.Error
	if errors.As(err, &failure) && failure.Code == lambdahttp.NotFound {
		fmt.Println(failure)
	}
	// Output: lambdahttp: there is no function nobody:prod in eu-central-1: check its name, its alias and the region, which AWS_REGION sets (Function not found)
}

func ExampleTransport_Register() {
	own := http.DefaultTransport.(*http.Transport).Clone()
	(&lambdahttp.Transport{Endpoint: endpoint}).Register(own)
	client := &http.Client{Transport: own}

	request, err := http.NewRequest(http.MethodPut, "http+lambda://flaskexp-test/items/1", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := client.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode, response.Header.Get("Content-Type"))
	// Output: 200 text/plain
}

func ExampleURL() {
	fmt.Println(lambdahttp.URL("shop:prod", "/orders?state=open"))
	fmt.Println(lambdahttp.URL("arn:aws:lambda:eu-west-1:123456789012:function:shop", "/orders"))
	// Output:
	// http+lambda://prod.shop/orders?state=open
	// http+lambda://arn.aws.lambda.eu-west-1.123456789012.function.shop/orders
}
