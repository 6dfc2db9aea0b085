package lambdahttp_test

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/lambdahttp"
)

// TestURL: each of AWS's names of a function goes through URL, net/http and back.
func TestURL(t *testing.T) {
	const arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop"
	for _, test := range []struct{ function, url, name, qualifier, region string }{
		{"shop", "http+lambda://shop", "shop", "", ""},
		{"Shop_v2-x", "http+lambda://Shop_v2-x", "Shop_v2-x", "", ""},
		{"shop:prod", "http+lambda://prod.shop", "shop", "prod", ""},
		{"shop:3", "http+lambda://3.shop", "shop", "3", ""},
		{"shop:$LATEST", "http+lambda://$LATEST.shop", "shop", "$LATEST", ""},
		{"123456789012:function:shop", "http+lambda://123456789012.function.shop", "123456789012:function:shop", "", ""},
		{"123456789012:function:shop:prod", "http+lambda://123456789012.function.shop.prod", "123456789012:function:shop", "prod", ""},
		{arn, "http+lambda://arn.aws.lambda.eu-west-1.123456789012.function.shop", arn, "", "eu-west-1"},
		{arn + ":prod", "http+lambda://arn.aws.lambda.eu-west-1.123456789012.function.shop.prod", arn, "prod", "eu-west-1"},
		{strings.Replace(arn, "aws", "aws-us-gov", 1), "http+lambda://arn.aws-us-gov.lambda.eu-west-1.123456789012.function.shop", strings.Replace(arn, "aws", "aws-us-gov", 1), "", "eu-west-1"},
	} {
		t.Run(test.function, func(t *testing.T) {
			t.Setenv("AWS_REGION", "us-west-2")
			var got invocation
			client := clientOf(serve(t, func(call invocation) outcome {
				got = call
				return outcome{payload: `{"statusCode":204}`}
			}))
			address := lambdahttp.URL(test.function, "/path?a=1")
			if address != test.url+"/path?a=1" {
				t.Errorf("the URL is %s, want %s", address, test.url)
			}
			for form, request := range map[string]*http.Request{
				"by http.NewRequest": newRequest(t, http.MethodGet, address, nil),
				"by a url.URL":       {URL: &url.URL{Scheme: lambdahttp.Scheme, Host: test.function, Path: "/path"}},
			} {
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(form, err)
				}
				response.Body.Close()
				if want := cmp.Or(test.region, "us-west-2"); got.function != test.name || got.qualifier != test.qualifier || got.region != want {
					t.Errorf("%s: asked %s, qualifier %q, in %s; want %s, %q, %s", form, got.function, got.qualifier, got.region, test.name, test.qualifier, want)
				}
			}
		})
	}
}

// TestVersionAsPort: of the names with a colon net/url takes those that end with digits.
func TestVersionAsPort(t *testing.T) {
	var got invocation
	response, err := clientOf(serve(t, func(call invocation) outcome {
		got = call
		return outcome{payload: `{"statusCode":204}`}
	})).Get("http+lambda://shop:3/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got.function != "shop" || got.qualifier != "3" {
		t.Errorf("asked %s, qualifier %q", got.function, got.qualifier)
	}
}

func TestWrongURL(t *testing.T) {
	for _, host := range []string{"", "a.b.c", "a..b", ".a", "a:", "a b", "shop/x", "arn.aws.s3.eu-west-1.123456789012.function.shop", "arn:aws:lambda:eu-west-1:1:layer:x", "prod.shop:3", "ü"} {
		request := &http.Request{URL: &url.URL{Scheme: lambdahttp.Scheme, Host: host, Path: "/"}}
		if _, err := new(lambdahttp.Transport).RoundTrip(request); err == nil || !strings.Contains(err.Error(), "want http+lambda://NAME/path") {
			t.Errorf("host %q: the error is %v", host, err)
		}
	}
	if _, err := new(lambdahttp.Transport).RoundTrip(newRequest(t, http.MethodGet, "http://shop/", nil)); err == nil || !strings.Contains(err.Error(), `the scheme of the URL is "http"`) {
		t.Errorf("the error is %v", err)
	}
	if _, err := new(lambdahttp.Transport).RoundTrip(&http.Request{}); err == nil {
		t.Error("no URL, and no error")
	}
}
