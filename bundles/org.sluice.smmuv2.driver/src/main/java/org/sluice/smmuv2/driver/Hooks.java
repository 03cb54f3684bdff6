package org.sluice.smmuv2.driver;

import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.quirk.AppliedHooks;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Bank;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * The hooks that match one SMMU, asked in order as if they were one. Immutable; a change makes another.
 *
 * @param identity of the SMMU
 * @param matched highest ranking first, each with its reason
 * @param tablesByTag whether one of them wants tables invalidated by tag; asked once, because it counts for every unmap
 */
record Hooks(HardwareIdentity identity, List<Matched> matched, boolean tablesByTag) {
    /** Hooks and why they match. */
    record Matched(Smmuv2Hooks hooks, String reason) {}

    /** Those of the hooks that match. */
    static Hooks matching(HardwareIdentity identity, List<Smmuv2Hooks> offered) {
        List<Matched> matched = offered.stream()
                .flatMap(hooks -> hooks.match(identity).stream().map(reason -> new Matched(hooks, reason)))
                .toList();
        boolean tablesByTag = matched.stream().anyMatch(entry -> entry.hooks().invalidatesTablesByTag(identity));
        return new Hooks(identity, matched, tablesByTag);
    }

    List<AppliedHooks> applied() {
        return matched.stream()
                .map(entry -> new AppliedHooks(entry.hooks().name(), entry.reason()))
                .toList();
    }

    /** The first in order stands nearest to the driver. */
    RegisterFile registers(RegisterFile raw) {
        RegisterFile file = raw;
        for (int i = matched.size() - 1; i >= 0; i--) {
            file = matched.get(i).hooks().registers(identity, file);
        }
        return file;
    }

    /** With {@code running} nothing is written. */
    Smmuv2Limits probe(RegisterFile registers, Smmuv2Limits found, boolean running) {
        Smmuv2Limits limits = found;
        for (Matched entry : matched) {
            limits = running
                    ? entry.hooks().probeRunning(identity, registers, limits)
                    : entry.hooks().probe(identity, registers, limits);
        }
        return limits;
    }

    BitSet keptStreams(RegisterFile registers, Smmuv2Limits limits) {
        BitSet kept = new BitSet();
        matched.forEach(entry -> kept.or(entry.hooks().keptStreams(identity, registers, limits)));
        return kept;
    }

    void reset(RegisterFile registers, Smmuv2Limits limits) {
        matched.forEach(entry -> entry.hooks().reset(identity, registers, limits));
    }

    Smmuv2Bank initContext(DeviceRecord device, Smmuv2Bank bank) {
        Smmuv2Bank result = bank;
        for (Matched entry : matched) {
            result = entry.hooks().initContext(identity, device, result);
        }
        return result;
    }

    /** The first reason that anybody has. */
    Optional<String> withoutUpperHalf() {
        return matched.stream()
                .flatMap(entry -> entry.hooks().withoutUpperHalf(identity).stream())
                .findFirst();
    }

    /** The first choice that anybody makes, or -1. */
    int contextBank(DeviceRecord device, BitSet free) {
        for (Matched entry : matched) {
            int bank = entry.hooks().contextBank(identity, device, (BitSet) free.clone());
            if (bank >= 0 && free.get(bank)) {
                return bank;
            }
        }
        return -1;
    }

    int streamEntry(DeviceRecord device, int index, int s2cr) {
        int result = s2cr;
        for (Matched entry : matched) {
            result = entry.hooks().streamEntry(identity, device, index, result);
        }
        return result;
    }

    Optional<Attachment.Kind> defaultRoute(DeviceRecord device) {
        return matched.stream()
                .flatMap(entry -> entry.hooks().defaultRoute(identity, device).stream())
                .findFirst();
    }

    boolean sync(RegisterFile registers, long sync, long status) {
        for (Matched entry : matched) {
            if (entry.hooks().sync(identity, registers, sync, status)) {
                return true;
            }
        }
        return false;
    }

    boolean contextFault(RegisterFile registers, int bank) {
        return matched.stream().anyMatch(entry -> entry.hooks().contextFault(identity, registers, bank));
    }

    boolean globalFault(RegisterFile registers) {
        return matched.stream().anyMatch(entry -> entry.hooks().globalFault(identity, registers));
    }

    void deviceAdded(DeviceRecord device) {
        matched.forEach(entry -> entry.hooks().deviceAdded(identity, device));
    }
}
