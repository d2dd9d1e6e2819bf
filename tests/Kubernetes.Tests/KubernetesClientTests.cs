using System.Text.Json.Nodes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Mesh.Kubernetes.Tests;

public sealed class KubernetesClientTests
{
    private static readonly ObjectKey Cart = new("shop", "cart");

    [Fact]
    public async Task A_list_follows_its_pages()
    {
        await using var server = await ScriptedServer.StartAsync((request, response) => response.JsonAsync(
            request.Query.Contains("continue=two", StringComparison.Ordinal) ? Answers.List(5, Answers.Pod("c", 3))
            : Answers.List(5, "two", [Answers.Pod("a", 1), Answers.Pod("b", 2)])));
        using var client = server.Client();

        var list = await client.ListAsync(Pod.Resource, new ListOptions { Namespace = "shop", PageSize = 2, LabelSelector = "app in (a, b)" }, Wait.Stop);

        Assert.Equal(["a", "b", "c"], list.Items.Select(pod => pod.Metadata.Name));
        Assert.Equal("5", list.ResourceVersion);
        Assert.Equal("GET /api/v1/namespaces/shop/pods?labelSelector=app%20in%20%28a%2C%20b%29&limit=2", server.Requests[0].ToString());
        Assert.Equal("GET /api/v1/namespaces/shop/pods?labelSelector=app%20in%20%28a%2C%20b%29&limit=2&continue=two", server.Requests[1].ToString());
    }

    [Fact]
    public async Task A_continue_token_that_expires_half_way_starts_the_list_again_and_then_asks_for_all_at_once()
    {
        await using var server = await ScriptedServer.StartAsync((request, response) =>
            request.Query.Contains("continue=", StringComparison.Ordinal) ? response.StatusAsync(410, "Expired", "The provided continue parameter is too old")
            : !request.Query.Contains("limit=", StringComparison.Ordinal) ? response.JsonAsync(Answers.List(9, Answers.Pod("a", 1)))
            : response.JsonAsync(Answers.List(5, "two", [])));
        using var client = server.Client();

        var list = await client.ListAsync(Pod.Resource, ListOptions.All, Wait.Stop);

        Assert.Equal("9", list.ResourceVersion);
        Assert.Equal(7, server.Requests.Count); // Three times two pages, then everything.
    }

    [Fact]
    public async Task A_list_from_the_server_cache_says_so_and_is_not_paged()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync(Answers.List(5)));
        using var client = server.Client();

        await client.ListAsync(Pod.Resource, new ListOptions { FieldSelector = "spec.nodeName=a", FromServerCache = true }, Wait.Stop);

        Assert.Equal("GET /api/v1/pods?fieldSelector=spec.nodeName%3Da&resourceVersion=0", server.Requests[0].ToString());
    }

    [Fact]
    public async Task What_is_not_there_is_null_for_find_and_an_exception_for_get()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.StatusAsync(404, "NotFound", "pods cart not found"));
        using var client = server.Client();

        Assert.Null(await client.FindAsync(Pod.Resource, Cart, Wait.Stop));
        var problem = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(Pod.Resource, Cart, Wait.Stop));
        Assert.Equal("GET /api/v1/namespaces/shop/pods/cart: NotFound (404): pods cart not found", problem.Message);
    }

    [Fact]
    public async Task Find_does_not_take_forbidden_for_absent()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.StatusAsync(403, "Forbidden", "no"));
        using var client = server.Client();

        var problem = await Assert.ThrowsAsync<ApiException>(() => client.FindAsync(Pod.Resource, Cart, Wait.Stop));
        Assert.Equal(ApiErrorReason.Forbidden, problem.Reason);
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_after_the_time_it_named()
    {
        var time = new ManualTime();
        var calls = 0;
        await using var server = await ScriptedServer.StartAsync((_, response) =>
        {
            if (++calls > 2) return response.JsonAsync(Answers.Pod("cart", 1));
            response.Headers.RetryAfter = "3";
            return response.StatusAsync(429, "TooManyRequests", "slow down");
        });
        using var client = server.Client(time);

        var getting = client.GetAsync(Pod.Resource, Cart, Wait.Stop);
        await time.AdvanceUntilAsync(() => getting.IsCompleted, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));

        Assert.Equal("cart", (await getting).Metadata.Name);
        Assert.Equal(3, calls);
    }

    [Fact]
    public async Task A_server_that_stays_busy_is_an_error_with_the_time_to_wait()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) =>
        {
            response.Headers.RetryAfter = "300";
            return response.StatusAsync(429, "TooManyRequests", "slow down");
        });
        using var client = server.Client();

        var result = await client.TryGetAsync(Pod.Resource, Cart, Wait.Stop);

        Assert.Equal((ApiErrorReason.TooManyRequests, TimeSpan.FromMinutes(5)), (result.Error!.Reason, result.Error.RetryAfter));
    }

    [Fact]
    public async Task No_answer_is_a_timeout_and_no_server_a_transport_error()
    {
        var time = new ManualTime();
        await using var server = await ScriptedServer.StartAsync(async (_, response) =>
            await Task.Delay(Timeout.InfiniteTimeSpan, response.HttpContext.RequestAborted));
        using var client = server.Client(time);
        var getting = client.TryGetAsync(Pod.Resource, Cart, Wait.Stop);
        await Wait.UntilAsync(() => server.Requests.Count == 1, "the request arrived");
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(ApiErrorReason.Timeout, (await getting).Error!.Reason);

        using var nobody = new KubernetesClient(Credentials.Anonymous(new Uri("http://127.0.0.1:1")));
        Assert.Equal(ApiErrorReason.Transport, (await nobody.TryGetAsync(Pod.Resource, Cart, Wait.Stop)).Error!.Reason);
    }

    [Theory]
    [InlineData("{\"metadata\":{\"name\":\"cart\"")]
    [InlineData("null")]
    [InlineData("<html>")]
    public async Task An_answer_that_is_not_what_the_api_promises_is_malformed(string body)
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync(body));
        using var client = server.Client();

        Assert.Equal(ApiErrorReason.Malformed, (await client.TryGetAsync(Pod.Resource, Cart, Wait.Stop)).Error!.Reason);
    }

    [Fact]
    public async Task A_stop_is_an_exception_and_not_an_error_value()
    {
        await using var server = await ScriptedServer.StartAsync(async (_, response) =>
            await Task.Delay(Timeout.InfiniteTimeSpan, response.HttpContext.RequestAborted));
        using var client = server.Client();
        using var stop = new CancellationTokenSource();

        var getting = client.TryGetAsync(Pod.Resource, Cart, stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => getting);
    }

    [Fact]
    public async Task A_refused_token_is_renewed_once()
    {
        using var folder = new Folder();
        folder.Write("token", "old");
        await using var server = await ScriptedServer.StartAsync((request, response) =>
        {
            folder.Write("token", "new");
            return request.Authorization == "Bearer new" ? response.JsonAsync(Answers.Pod("cart", 1)) : response.StatusAsync(401, "Unauthorized", "Unauthorized");
        });
        using var client = new KubernetesClient(WithTokenFile(server.Address, folder));

        Assert.Equal("cart", (await client.GetAsync(Pod.Resource, Cart, Wait.Stop)).Metadata.Name);
        Assert.Equal(["Bearer old", "Bearer new"], server.Requests.Select(request => request.Authorization));
    }

    [Fact]
    public async Task A_token_that_stays_refused_is_unauthorized_after_one_more_look()
    {
        using var folder = new Folder();
        folder.Write("token", "old");
        await using var server = await ScriptedServer.StartAsync((_, response) => response.StatusAsync(401, "Unauthorized", "Unauthorized"));
        using var client = new KubernetesClient(WithTokenFile(server.Address, folder));

        Assert.Equal(ApiErrorReason.Unauthorized, (await client.TryGetAsync(Pod.Resource, Cart, Wait.Stop)).Error!.Reason);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_apply_sends_our_fields_and_nothing_of_the_server_s()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync("""{"metadata":{"name":"a","namespace":"shop"}}"""));
        using var client = server.Client();
        var map = new ConfigMap
        {
            Metadata = new ObjectMeta { Name = "a", Namespace = "shop", Generation = 3, CreationTimestamp = DateTimeOffset.UnixEpoch },
            Data = new Dictionary<string, string> { ["k"] = "v" },
        };

        var outcome = await client.ApplyAsync(ConfigMap.Resource, map, new ApplyOptions { FieldManager = "mesh-operator", Force = true, DryRun = true }, Wait.Stop);

        Assert.Equal("a", outcome.Get().Metadata.Name);
        var sent = server.Requests[0];
        Assert.Equal("PATCH /api/v1/namespaces/shop/configmaps/a?fieldManager=mesh-operator&dryRun=All&force=true", sent.ToString());
        Assert.Equal("application/apply-patch+yaml", sent.ContentType);
        Assert.Equal("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"shop"},"data":{"k":"v"}}""", sent.Body);
    }

    [Fact]
    public async Task An_apply_conflict_is_an_outcome_with_manager_and_field()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.StatusAsync(
            409,
            "Conflict",
            "Apply failed with 1 conflict",
            """{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"hpa\" using apps/v1","field":".spec.replicas"}]}"""));
        using var client = server.Client();

        var outcome = await client.ApplyAsync(Deployment.Resource, new Deployment { Metadata = new ObjectMeta { Name = "a", Namespace = "s" } }, ApplyOptions.Default, Wait.Stop);

        Assert.Null(outcome.Applied);
        Assert.Equal(("hpa", ".spec.replicas"), (outcome.Conflicts.Single().Manager, outcome.Conflicts.Single().Field));
        Assert.Equal(ApiErrorReason.Conflict, Assert.Throws<ApiException>(() => outcome.Get()).Reason);
    }

    [Fact]
    public async Task Any_other_failure_of_an_apply_is_an_exception()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.StatusAsync(409, "Conflict", "the object has been modified"));
        using var client = server.Client();

        await Assert.ThrowsAsync<ApiException>(() =>
            client.ApplyAsync(Deployment.Resource, new Deployment { Metadata = new ObjectMeta { Name = "a", Namespace = "s" } }, ApplyOptions.Default, Wait.Stop));
    }

    [Fact]
    public async Task Replacing_with_a_record_that_is_read_in_part_is_refused()
    {
        using var client = new KubernetesClient(Credentials.Anonymous(new Uri("http://127.0.0.1:1")));

        var problem = await Assert.ThrowsAsync<ArgumentException>(() => client.UpdateAsync(Pod.Resource, new Pod(), Wait.Stop));

        Assert.Contains("would erase the rest", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dynamic_object_is_replaced_whole_but_for_its_managed_fields()
    {
        await using var server = await ScriptedServer.StartAsync((request, response) => response.JsonAsync(request.Body));
        using var client = server.Client();
        var type = KubernetesObject.TypeOf("example.com", "v1", "things", "Thing", namespaced: true);
        var thing = KubernetesObject.Parse("""{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","namespace":"s","resourceVersion":"4","managedFields":[{}]},"spec":{"odd":[1,{"x":null}]}}"""u8);

        var written = await client.UpdateAsync(type, thing, Wait.Stop);

        Assert.Equal("PUT /apis/example.com/v1/namespaces/s/things/a?fieldManager=mesh", server.Requests[0].ToString());
        Assert.Equal("""{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","namespace":"s","resourceVersion":"4"},"spec":{"odd":[1,{"x":null}]}}""", server.Requests[0].Body);
        Assert.Equal("4", written.Metadata.ResourceVersion);
    }

    [Theory]
    [InlineData(PatchKind.Merge, "application/merge-patch+json")]
    [InlineData(PatchKind.Json, "application/json-patch+json")]
    public async Task A_patch_says_its_format(PatchKind kind, string contentType)
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync(Answers.Pod("cart", 2)));
        using var client = server.Client();

        await client.TryPatchAsync(Pod.Resource, Cart, kind, new JsonObject(), WriteOptions.Status with { FieldManager = "me" }, Wait.Stop);

        Assert.Equal("PATCH /api/v1/namespaces/shop/pods/cart/status?fieldManager=me", server.Requests[0].ToString());
        Assert.Equal(contentType, server.Requests[0].ContentType);
    }

    [Theory]
    [InlineData(200, """{"kind":"Status","status":"Success"}""", DeleteOutcome.Deleted)]
    [InlineData(200, """{"kind":"Pod","metadata":{"name":"cart","deletionTimestamp":"2026-01-01T00:00:00Z"}}""", DeleteOutcome.Pending)]
    [InlineData(200, """{"kind":"Pod","metadata":{"name":"cart"}}""", DeleteOutcome.Deleted)]
    [InlineData(404, """{"kind":"Status","reason":"NotFound","code":404}""", DeleteOutcome.NotFound)]
    [InlineData(409, """{"kind":"Status","reason":"Conflict","code":409}""", DeleteOutcome.PreconditionFailed)]
    public async Task A_delete_says_how_it_ended(int code, string body, DeleteOutcome expected)
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync(body, code));
        using var client = server.Client();

        var outcome = await client.DeleteAsync(
            Pod.Resource, Cart, new DeleteOptions { Uid = "u", ResourceVersion = "7", Propagation = DeletePropagation.Foreground, GracePeriod = TimeSpan.Zero }, Wait.Stop);

        Assert.Equal(expected, outcome);
        Assert.Equal(
            """{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Foreground","gracePeriodSeconds":0,"preconditions":{"uid":"u","resourceVersion":"7"}}""",
            server.Requests[0].Body);
    }

    [Fact]
    public async Task A_collection_is_deleted_by_its_labels()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync(Answers.List(1)));
        using var client = server.Client();

        await client.DeleteCollectionAsync(Pod.Resource, new ListOptions { Namespace = "shop", LabelSelector = "a=b" }, DeleteOptions.Default, Wait.Stop);

        Assert.Equal("DELETE /api/v1/namespaces/shop/pods?labelSelector=a%3Db", server.Requests[0].ToString());
    }

    [Fact]
    public async Task Paths_keep_the_prefix_of_a_server_behind_a_gateway()
    {
        await using var server = await ScriptedServer.StartAsync((_, response) => response.JsonAsync("""{"major":"1","minor":"27+","gitVersion":"v1.27.3"}"""));
        using var client = new KubernetesClient(Credentials.Anonymous(new Uri(server.Address, "/clusters/a/")));

        var version = await client.GetServerVersionAsync(Wait.Stop);

        Assert.Equal("/clusters/a/version", server.Requests[0].Path);
        Assert.Equal((1, 27), version.Numbers);
    }

    private static Credentials WithTokenFile(Uri address, Folder folder)
    {
        var file = folder.Write("config", $$$"""
            {"current-context":"c","contexts":[{"name":"c","context":{"cluster":"x","user":"u"}}],
             "clusters":[{"name":"x","cluster":{"server":"{{{address}}}"}}],"users":[{"name":"u","user":{"tokenFile":"token"}}]}
            """);
        return Credentials.Discover(new CredentialSearch { Kubeconfig = file });
    }
}
