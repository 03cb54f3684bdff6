package org.sluice.vendor.msm;

import java.util.Arrays;
import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Bank;
import org.sluice.spi.quirk.Smmuv2Hooks;

/**
 * Qualcomm: how far ahead an SMMU fetches translations (ACTLR) is tuned for each device. Firmware's list says for which, and
 * counts for the bank of the device; other banks keep what they have.
 */
@Component(immediate = true)
public final class ClientActlr implements Smmuv2Hooks {
    /** {@code NAME=VALUE} for devices on their bus, with commas between them. */
    static final String PROPERTY = "qcom,client-actlr";

    @Override
    public String name() {
        return "Qualcomm ACTLR by client";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        String clients = identity.properties().get(PROPERTY);
        return clients == null
                ? Optional.empty()
                : Qualcomm.match(identity).map(reason -> reason + ", " + PROPERTY + " is " + clients);
    }

    @Override
    public Smmuv2Bank initContext(HardwareIdentity identity, DeviceRecord device, Smmuv2Bank bank) {
        String clients = identity.properties().getOrDefault(PROPERTY, "");
        return Arrays.stream(clients.split(","))
                .map(client -> client.strip().split("=", 2))
                .filter(client -> client[0].equals(device.name()))
                .findFirst()
                .map(client -> bank.withActlr(value(identity, client)))
                .orElse(bank);
    }

    private static int value(HardwareIdentity identity, String[] client) {
        try {
            return Integer.parseUnsignedInt(client[1].replaceFirst("^0x", ""), client[1].startsWith("0x") ? 16 : 10);
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new IommuException(
                    Errno.EINVAL,
                    PROPERTY + " of " + identity.iommu() + " for " + client[0] + " is '"
                            + (client.length == 1 ? "" : client[1]) + "', it must be a number of 32 bits");
        }
    }
}
