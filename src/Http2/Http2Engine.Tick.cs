namespace Mesh.Http2;

/// <summary>What depends on time, which is an argument: budgets, keep-alive, the acknowledgement of our settings.</summary>
public sealed partial class Http2Engine
{
    private const ulong KeepAlivePayload = 0x6d65_7368_616c_6976;

    private TimeSpan lastTick;
    private TimeSpan lastHeard;
    private TimeSpan started;
    private TimeSpan pingSent;
    private bool ticked;
    private bool pingOpen;

    /// <summary>
    /// To be called about once per second with a clock that only moves forward. Sends the keep-alive PING, and ends the
    /// connection when the peer stays silent. False once it has ended.
    /// </summary>
    public bool OnTick(TimeSpan now)
    {
        if (IsEnded) return false;
        if (!ticked)
        {
            ticked = true;
            started = lastTick = lastHeard = now;
        }

        RefillBudgets(now);
        if (heard)
        {
            heard = false;
            pingOpen = false;
            lastHeard = now;
        }

        if (!settingsAcknowledged && now - started >= options.SettingsTimeout)
        {
            return EndConnection(ErrorCode.SettingsTimeout, EndReason.SettingsNotAcknowledged, "our settings were not acknowledged");
        }

        return KeepAlive(now);
    }

    private void RefillBudgets(TimeSpan now)
    {
        var milliseconds = (long)(now - lastTick).TotalMilliseconds;
        if (milliseconds < 1000) return; // Rates are per second: shorter steps would round down to nothing.
        budgets.Refill(limits, milliseconds);
        lastTick = now;
    }

    private bool KeepAlive(TimeSpan now)
    {
        if (options.KeepAliveInterval <= TimeSpan.Zero) return true;
        if (pingOpen)
        {
            return now - pingSent < options.KeepAliveTimeout
                || EndConnection(ErrorCode.NoError, EndReason.KeepAliveTimeout, "the peer stays silent");
        }

        if (now - lastHeard < options.KeepAliveInterval) return true;
        pingOpen = true;
        pingSent = now;
        WritePing(KeepAlivePayload, ack: false);
        return !IsEnded;
    }
}
