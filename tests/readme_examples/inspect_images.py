import zipfile

from ocitool.api import inspect_archive

with zipfile.ZipFile("delivery.zip") as delivery, delivery.open("image.tar") as archive:
    inventory = inspect_archive(archive)
for image in inventory.images:
    print(image.name)
for platform in inventory.platforms:
    print(platform.platform, platform.output_size)
